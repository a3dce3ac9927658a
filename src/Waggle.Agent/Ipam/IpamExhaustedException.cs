using System.Net.Sockets;

namespace Waggle.Agent.Ipam;

/// <summary>No address is left for a pod. The message says of which prefixes and what to do.</summary>
public sealed class IpamExhaustedException(AddressFamily family, string message) : Exception(message)
{
    public AddressFamily Family { get; } = family;
}
