using System.Globalization;

namespace Waggle.Linux;

/// <summary>The capabilities (capabilities(7)) this project asks about.</summary>
public enum Capability
{
    NetAdmin = 12,
    NetRaw = 13,
    SysAdmin = 21,
    SysResource = 24,
    PerfMon = 38,
    Bpf = 39,
}

/// <summary>The effective capabilities of this process.</summary>
public static class Capabilities
{
    /// <summary>True when the process holds the capability.</summary>
    public static bool Has(Capability capability)
    {
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith("CapEff:", StringComparison.Ordinal))
                return ulong.TryParse(line.AsSpan(7).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong mask) && (mask >> (int)capability & 1) != 0;
        }

        return false;
    }

    /// <summary>The capabilities of <paramref name="wanted"/> that the process lacks.</summary>
    public static IReadOnlyList<Capability> Missing(params ReadOnlySpan<Capability> wanted)
    {
        List<Capability> missing = [];
        foreach (Capability capability in wanted)
        {
            if (!Has(capability))
                missing.Add(capability);
        }

        return missing;
    }
}
