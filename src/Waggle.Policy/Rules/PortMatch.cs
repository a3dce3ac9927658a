namespace Waggle.Policy.Rules;

/// <summary>IP protocol numbers that rules can name.</summary>
public enum IpProtocol : byte
{
    Icmp = 1,
    Tcp = 6,
    Udp = 17,
    IcmpV6 = 58,
    Sctp = 132,
}

/// <summary>A range of ports of one protocol, or of all that have ports; for ICMP the type.</summary>
/// <param name="Protocol">Null: TCP, UDP and SCTP.</param>
/// <param name="First">First port; 0 with <paramref name="Last"/> 65535 means all.</param>
/// <param name="Last">Last port.</param>
/// <param name="Name">The name of a container's port instead of numbers, in lower case.</param>
public readonly record struct PortMatch(IpProtocol? Protocol, ushort First, ushort Last, string? Name = null)
{
    public static PortMatch All(IpProtocol? protocol) => new(protocol, 0, ushort.MaxValue);

    public bool IsAllPorts => Name is null && First == 0 && Last == ushort.MaxValue;

    public override string ToString()
    {
        string protocol = Protocol?.ToString().ToUpperInvariant() ?? "ANY";
        return Name is not null ? $"{Name}/{protocol}" : IsAllPorts ? protocol : First == Last ? $"{First}/{protocol}" : $"{First}-{Last}/{protocol}";
    }
}

/// <summary>A named port of a container.</summary>
/// <param name="Name">In lower case.</param>
/// <param name="Protocol">Its protocol.</param>
/// <param name="Port">Its number.</param>
public readonly record struct NamedPort(string Name, IpProtocol Protocol, ushort Port);
