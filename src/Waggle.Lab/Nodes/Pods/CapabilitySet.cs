using Waggle.Kube.Resources;

namespace Waggle.Lab.Nodes.Pods;

/// <summary>Which capabilities (capabilities(7)) a container keeps.</summary>
internal static class CapabilitySet
{
    private static readonly string[] Names =
    [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE",
        "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE",
        "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE",
        "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
    ];

    private static readonly string[] DefaultNames =
    [
        "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE",
    ];

    /// <summary>What container runtimes leave by default.</summary>
    public static ulong Default { get; } = Of(DefaultNames);

    /// <summary>The set of a container: everything when privileged, else the default with its additions and removals.</summary>
    /// <exception cref="FormatException">An unknown name.</exception>
    public static ulong Of(SecurityContext? context)
    {
        if (context?.Privileged == true)
            return ulong.MaxValue;
        Capabilities? change = context?.Capabilities;
        ulong add = Of(change?.Add ?? []), drop = Of(change?.Drop ?? []);
        // As with other runtimes: "drop ALL" leaves exactly what is added by name.
        return drop == ulong.MaxValue ? add : (Default | add) & ~drop;
    }

    private static ulong Of(IReadOnlyList<string> names)
    {
        ulong mask = 0;
        foreach (string name in names)
        {
            string plain = name.StartsWith("CAP_", StringComparison.OrdinalIgnoreCase) ? name[4..] : name;
            if (plain.Equals("ALL", StringComparison.OrdinalIgnoreCase))
                return ulong.MaxValue;
            int number = Array.FindIndex(Names, known => known.Equals(plain, StringComparison.OrdinalIgnoreCase));
            mask |= number >= 0 ? 1UL << number : throw new FormatException($"unknown capability \"{name}\"");
        }
        return mask;
    }
}
