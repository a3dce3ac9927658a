using System.Globalization;

namespace Waggle.Hubble.Printing;

/// <summary>Identities with a fixed number and a name of their own.</summary>
public static class ReservedIdentities
{
    private static readonly string[] Names =
    [
        "unknown", "host", "world", "unmanaged", "health", "init", "remote-node", "kube-apiserver", "ingress", "world-ipv4", "world-ipv6", "overlay-to-encrypt",
    ];

    /// <summary>The names that can be asked for, in the order of their numbers.</summary>
    public static IReadOnlyList<string> All { get; } = Names[1..];

    /// <summary>Null for an identity without a name.</summary>
    public static string? NameOf(uint identity) => identity < Names.Length ? Names[identity] : null;

    /// <summary>Reads a name or a number.</summary>
    public static bool TryParse(string text, out uint identity)
    {
        int index = Array.IndexOf(Names, text);
        identity = (uint)Math.Max(0, index);
        return index > 0 || uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out identity);
    }
}
