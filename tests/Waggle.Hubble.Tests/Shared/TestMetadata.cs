using System.Collections.Concurrent;
using Waggle.Hubble.Assembly;
using Waggle.Hubble.Flows;

namespace Waggle.Hubble.Tests.Shared;

/// <summary>What a node knows, as a test says.</summary>
internal sealed class TestMetadata : IFlowMetadata
{
    private readonly ConcurrentDictionary<FlowAddress, EndpointInfo> _addresses = new();
    private readonly ConcurrentDictionary<uint, EndpointInfo> _identities = new();
    private readonly Dictionary<(FlowAddress Address, ushort Port), ServiceInfo> _services = [];

    public Dictionary<uint, IReadOnlyList<PolicyInfo>> Rules { get; } = [];

    public Dictionary<uint, InterfaceInfo> Interfaces { get; } = [];

    public NodeInfo Node { get; init; } = new("node-1", []);

    public ushort TunnelPort { get; init; } = 8472;

    public void Set(string address, EndpointInfo endpoint) => _addresses[Parse(address)] = endpoint;

    public void SetService(string address, ushort port, ServiceInfo service) => _services[(Parse(address), port)] = service;

    public void Remove(string address) => _addresses.TryRemove(Parse(address), out _);

    public EndpointInfo? ByAddress(FlowAddress address, long moment) => _addresses.GetValueOrDefault(address);

    public EndpointInfo? ByEndpoint(uint id) => _addresses.Values.FirstOrDefault(e => e.Id == id);

    public EndpointInfo ByIdentity(uint identity)
    {
        if (_identities.TryGetValue(identity, out var known))
        {
            return known;
        }

        return _identities.GetOrAdd(identity, i => new EndpointInfo { Identity = i, Labels = [i == 2 ? "reserved:world" : $"k8s:id={i}"] });
    }

    public uint IdentityOf(FlowAddress address) => 2;

    public ServiceInfo? Service(FlowAddress address, ushort port, byte protocol) => _services.GetValueOrDefault((address, port));

    public IReadOnlyList<string>? Names(FlowAddress address) => null;

    public InterfaceInfo? Interface(uint index) => Interfaces.GetValueOrDefault(index);

    public IReadOnlyList<PolicyInfo>? Rule(uint rule) => Rules.GetValueOrDefault(rule);

    private static FlowAddress Parse(string address) => FlowAddress.TryParse(address, out var parsed) ? parsed : throw new ArgumentException(address);
}
