using System.Collections.Concurrent;
using Waggle.Hubble.Flows;

namespace Waggle.Agent.Hubble;

/// <summary>Services by address and port. One writer; readers neither wait nor allocate.</summary>
/// <remarks>
/// As Hubble does it: a port that is known must be one of the Service's, and a headless Service has no address. Without a port (ICMP,
/// later fragments) the address is enough, unless several Services share it.
/// </remarks>
internal sealed class ServiceNames
{
    private readonly ConcurrentDictionary<Frontend, ServiceInfo> _services = new();

    /// <summary>The Service meant, or null.</summary>
    /// <param name="port">0: not known.</param>
    public ServiceInfo? Find(FlowAddress address, ushort port, byte protocol) => _services.TryGetValue(new Frontend(address, Join(port, protocol)), out ServiceInfo? service) ? service : null;

    /// <summary>Sets or, with null, forgets whose a port is.</summary>
    /// <param name="port">0: whose the address is.</param>
    public void Set(FlowAddress address, ushort port, byte protocol, ServiceInfo? service)
    {
        if (service is null)
        {
            _services.TryRemove(new Frontend(address, Join(port, protocol)), out _);
        }
        else
        {
            _services[new Frontend(address, Join(port, protocol))] = service;
        }
    }

    /// <summary>Asked twice for every flow: the hash is a few instructions.</summary>
    private readonly record struct Frontend(FlowAddress Address, uint Port)
    {
        public override int GetHashCode() => unchecked((int)((Address.Low ^ (Address.High * 31) ^ ((ulong)Port << 27)) * 0x9e37_79b9_7f4a_7c15 >> 32));
    }

    private static uint Join(ushort port, byte protocol) => port == 0 ? 0 : (uint)port << 8 | protocol;
}
