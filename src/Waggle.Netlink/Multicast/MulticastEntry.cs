using System.Net;

namespace Waggle.Netlink;

/// <summary>An entry of a bridge's multicast database.</summary>
/// <param name="BridgeIndex">The bridge.</param>
/// <param name="PortIndex">The port that wants the group; the bridge's own index for the host.</param>
/// <param name="Group">IPv4 or IPv6 group.</param>
public sealed record MulticastEntry(int BridgeIndex, int PortIndex, IPAddress Group)
{
    /// <summary>Does not age.</summary>
    public bool Permanent { get; init; } = true;

    /// <summary>For (source, group) entries.</summary>
    public IPAddress? Source { get; init; }

    public ushort Vlan { get; init; }
}
