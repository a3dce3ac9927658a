using System.Collections.Concurrent;
using Waggle.Agent.Identities;
using Waggle.Hubble.Assembly;
using Waggle.Hubble.Flows;

namespace Waggle.Agent.Hubble;

/// <summary>
/// What flows are told with: copies of the tables in the form the assembler wants, kept up to date by <see cref="MetadataFollower"/>.
/// What went away stays a while: the last events of a pod are told after its end.
/// </summary>
internal sealed class HubbleMetadata(IEnumerable<IRuleNames> rules) : IFlowMetadata
{
    /// <summary>How long a gone pod is remembered.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private const int MaxUnknownInterfaces = 4096, MaxUnknownIdentities = 4096;
    private readonly ConcurrentDictionary<uint, EndpointInfo> _endpoints = new();
    private readonly ConcurrentDictionary<uint, EndpointInfo> _identities = new(), _unknownIdentities = new();
    private readonly ConcurrentDictionary<uint, InterfaceInfo> _interfaces = new();
    private readonly ConcurrentDictionary<uint, bool> _unknownInterfaces = new();
    private readonly IRuleNames[] _rules = [.. rules];
    private NodeInfo _node = NodeInfo.None;

    /// <summary>Held by whoever writes addresses.</summary>
    public Lock Writing { get; } = new();

    public NodeInfo Node { get => Volatile.Read(ref _node); set => Volatile.Write(ref _node, value); }

    public ushort TunnelPort { get; set; }

    /// <summary>Pods and nodes by address.</summary>
    public AddressOwners Addresses { get; } = new();

    /// <summary>Services by address.</summary>
    public ServiceNames Services { get; } = new();

    /// <summary>Identities of prefixes, for addresses of which nobody is known.</summary>
    public PrefixIdentities Prefixes { get; } = new();

    /// <summary>Devices that events named and nobody knows yet.</summary>
    public bool HasUnknownInterfaces => !_unknownInterfaces.IsEmpty;

    public EndpointInfo? ByAddress(FlowAddress address, long moment) => Addresses.Find(address, moment);

    public EndpointInfo? ByEndpoint(uint id) => _endpoints.GetValueOrDefault(id);

    public EndpointInfo ByIdentity(uint identity)
    {
        if (_identities.TryGetValue(identity, out EndpointInfo? known) || _unknownIdentities.TryGetValue(identity, out known))
        {
            return known;
        }

        // New to us, or made up by whoever sends us packets: these must not fill the memory.
        if (_unknownIdentities.Count >= MaxUnknownIdentities)
        {
            _unknownIdentities.Clear();
        }

        return _unknownIdentities.GetOrAdd(identity, static i => new EndpointInfo { Identity = i });
    }

    public uint IdentityOf(FlowAddress address) => address.IsNone ? ReservedIdentity.Unknown : Prefixes.Find(address) is > 0 and uint identity ? identity : ReservedIdentity.World;

    public ServiceInfo? Service(FlowAddress address, ushort port, byte protocol) => Services.Find(address, port, protocol);

    public IReadOnlyList<string>? Names(FlowAddress address) => null;

    public InterfaceInfo? Interface(uint index)
    {
        if (index == 0)
        {
            return null;
        }

        if (_interfaces.TryGetValue(index, out InterfaceInfo? known))
        {
            return known;
        }

        if (_unknownInterfaces.Count < MaxUnknownInterfaces)
        {
            _unknownInterfaces.TryAdd(index, true);
        }

        return null;
    }

    public IReadOnlyList<PolicyInfo>? Rule(uint rule)
    {
        foreach (IRuleNames names in _rules)
        {
            if (names.Find(rule) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    public void SetEndpoint(EndpointInfo endpoint) => _endpoints[endpoint.Id] = endpoint;

    public void RemoveEndpoint(EndpointInfo endpoint) => _endpoints.TryRemove(KeyValuePair.Create(endpoint.Id, endpoint));

    public void SetIdentity(uint identity, IReadOnlyList<string> labels, string cluster) =>
        _identities[identity] = new EndpointInfo { Identity = identity, Labels = labels, Namespace = NamespaceOf(labels), ClusterName = cluster };

    /// <summary>Identities that events named, known or not.</summary>
    public int IdentityCount => _identities.Count + _unknownIdentities.Count;

    public void RemoveIdentity(uint identity) => _identities.TryRemove(identity, out _);

    /// <summary>All devices there are now.</summary>
    public void SetInterfaces(IEnumerable<(int Index, string Name)> devices)
    {
        foreach ((int index, string name) in devices)
        {
            if (!_interfaces.TryGetValue((uint)index, out InterfaceInfo? known) || known.Name != name)
            {
                _interfaces[(uint)index] = new InterfaceInfo((uint)index, name);
            }
        }

        // Indexes are not used again, so rows of gone devices harm nobody, but they must not grow for ever.
        if (_interfaces.Count > MaxUnknownInterfaces)
        {
            HashSet<uint> present = [.. devices.Select(d => (uint)d.Index)];
            foreach (uint gone in _interfaces.Keys.Where(i => !present.Contains(i)))
            {
                _interfaces.TryRemove(gone, out _);
            }
        }

        _unknownInterfaces.Clear();
    }

    private static string NamespaceOf(IReadOnlyList<string> labels)
    {
        const string Prefix = "k8s:" + IdentityLabels.NamespaceKey + "=";
        return labels.FirstOrDefault(l => l.StartsWith(Prefix, StringComparison.Ordinal))?[Prefix.Length..] ?? "";
    }
}
