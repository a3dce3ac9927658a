namespace Waggle.Lab.Cluster;

/// <summary>Address families of a lab's nodes and pods.</summary>
public enum LabFamilies
{
    IPv4,
    IPv6,
    DualStack,
}

/// <summary>How packets travel between the lab's nodes.</summary>
public enum LabRouting
{
    /// <summary>In VXLAN.</summary>
    Tunnel,

    /// <summary>As they are; the nodes have routes to each other's pods.</summary>
    Native,
}

/// <summary>What a lab is to look like. Two labs are the same when all of this is equal.</summary>
public sealed record LabOptions
{
    public const string DefaultName = "kind";

    public const int MaxNodes = 64;

    /// <summary>Lower-case letters, digits and '-', at most 24; part of the nodes' names.</summary>
    public string Name { get; init; } = DefaultName;

    /// <summary>Nodes, the control plane included.</summary>
    public int Nodes { get; init; } = 3;

    public LabFamilies Families { get; init; }

    public LabRouting Routing { get; init; }

    /// <summary>Zones, dealt to the nodes in turn; empty for none.</summary>
    public IReadOnlyList<string> Zones { get; init; } = [];

    /// <summary>Whether Waggle itself (CRDs, agent, operator) is installed; without it nodes stay NotReady until a CNI configuration appears.</summary>
    public bool InstallWaggle { get; init; } = true;

    /// <summary>Equal in all that makes a lab; the compiler's equality would compare the lists of zones by reference.</summary>
    public bool SameAs(LabOptions other) => this with { Zones = [] } == other with { Zones = [] } && Zones.SequenceEqual(other.Zones);

    /// <summary>The options as they are typed.</summary>
    public string Describe() => $"--nodes {Nodes}{Families switch { LabFamilies.IPv6 => " --ipv6", LabFamilies.DualStack => " --dual-stack", _ => "" }} --routing {(Routing == LabRouting.Native ? "native" : "tunnel")}{(Zones.Count > 0 ? " --zones " + string.Join(',', Zones) : "")}";

    /// <exception cref="LabException">A value is out of range; the message says which and what is allowed.</exception>
    public void Validate()
    {
        if (Name.Length is 0 or > 24 || !Name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') || Name[0] == '-' || Name[^1] == '-')
            throw new LabException($"'{Name}' cannot name a lab: use 1 to 24 lower-case letters, digits and '-', beginning and ending with a letter or digit.");
        if (Nodes is < 1 or > MaxNodes)
            throw new LabException($"A lab has 1 to {MaxNodes} nodes, not {Nodes}.");
        foreach (string zone in Zones)
        {
            if (zone.Length is 0 or > 63 || !zone.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') || !char.IsAsciiLetterOrDigit(zone[0]) || !char.IsAsciiLetterOrDigit(zone[^1]))
                throw new LabException($"'{zone}' cannot name a zone: it must be a valid label value, e.g. 'zone-a'.");
        }
    }
}

/// <summary>A lab cannot be made, found or ended; the message says what happened and what to do.</summary>
public sealed class LabException(string message, Exception? inner = null) : Exception(message, inner);
