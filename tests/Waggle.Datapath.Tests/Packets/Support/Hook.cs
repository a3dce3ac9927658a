using System.Net;
using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Linux;

namespace Waggle.Datapath.Tests.Packets.Support;

/// <summary>What a program did with one packet.</summary>
/// <param name="Action">TC_ACT_*: 0 to the stack, 2 dropped or consumed, 7 redirected.</param>
/// <param name="Packet">The packet as the program left it.</param>
/// <param name="Reasons">Drop and "handled" reasons counted meanwhile, each as often as it was counted.</param>
internal sealed record Outcome(TcAction Action, PacketView Packet, IReadOnlyList<DropReason> Reasons)
{
    /// <summary>Dropped (or consumed) for exactly this reason.</summary>
    public Outcome Dropped(DropReason reason)
    {
        Assert.Equal((TcAction.Shot, reason), (Action, Assert.Single(Reasons)));
        return this;
    }

    public PacketView Redirected()
    {
        Assert.Equal(TcAction.Redirect, Action);
        return Packet;
    }

    public PacketView Passed()
    {
        Assert.Empty(Reasons);
        Assert.Equal(TcAction.Ok, Action);
        return Packet;
    }
}

internal enum TcAction
{
    Ok = 0,
    Shot = 2,
    Redirect = 7,
}

/// <summary>
/// One loaded production object with maps of its own, run with BPF_PROG_TEST_RUN inside a namespace of its own, so that copies
/// which a program really sends cannot reach the machine's network.
/// </summary>
internal sealed partial class Hook : IDisposable
{
    private readonly BpfObject loaded;
    private readonly List<IDisposable> owned = [];
    private readonly Dictionary<string, IDisposable> maps = [];
    private uint generation;

    public Hook(string name, in AbiConfig config, NetworkNamespace? inside = null)
    {
        Inside = inside ?? NetworkNamespace.Create();
        loaded = BpfObject.Open(Resource(name));
        loaded.SetVariable("config", config);
        Shrink();
        loaded.Load();
        Sites = Own(loaded.GetMap("metrics_sites")).AsPerCpu<MetricsSite, MetricsEntry>();
        Metrics = Own(loaded.GetMap("metrics")).AsPerCpu<uint, MetricsEntry>();
    }

    public NetworkNamespace Inside { get; }

    public BpfMap<EndpointKey, EndpointInfo> Endpoints => Map<EndpointKey, EndpointInfo>("endpoints");

    public BpfMap<uint, EndpointInfo> ByIfindex => Map<uint, EndpointInfo>("endpoints_by_ifindex");

    public BpfMap<IpcacheKey, IpcacheEntry> Ipcache => Map<IpcacheKey, IpcacheEntry>("ipcache");

    public BpfMap<IpcachePrefixKey, IpcacheEntry> Prefixes => Map<IpcachePrefixKey, IpcacheEntry>("ipcache_prefixes");

    public BpfPerCpuMap<MetricsSite, MetricsEntry> Sites { get; }

    public BpfPerCpuMap<uint, MetricsEntry> Metrics { get; }

    public static byte[] Resource(string name)
    {
        using var stream = typeof(AbiConfig).Assembly.GetManifestResourceStream($"bpf/{name}.bpf.o")
            ?? throw new FileNotFoundException($"no embedded object bpf/{name}.bpf.o");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    public BpfProgram Program(string name) => Own(loaded.GetProgram(name));

    public BpfMap RawMap(string name) => Own(loaded.GetMap(name));

    public BpfMap<TKey, TValue> Map<TKey, TValue>(string name)
        where TKey : unmanaged
        where TValue : unmanaged
    {
        if (!maps.TryGetValue(name, out var map))
        {
            maps[name] = map = Own(loaded.GetMap<TKey, TValue>(name));
        }

        return (BpfMap<TKey, TValue>)map;
    }

    /// <summary>Runs a program on a packet, as received on <paramref name="ifindex"/> (1: the loopback device).</summary>
    public Outcome Run(string program, byte[] packet, int ifindex = 1, uint gsoSize = 0)
    {
        var before = ReasonCounts();
        var output = new byte[packet.Length + 256];
        using var handle = loaded.GetProgram(program);
        var result = Inside.Run(() =>
        {
            var context = new SkBuffContext { Ifindex = (uint)ifindex, GsoSize = gsoSize, GsoSegments = gsoSize == 0 ? 0u : 2u };
            return handle.TestRun(packet, output, ref context);
        });
        var reasons = ReasonCounts().SelectMany(r => Enumerable.Repeat(r.Key, (int)(r.Value - before.GetValueOrDefault(r.Key))));
        return new Outcome((TcAction)result.ReturnValue, new PacketView(output[..result.OutputLength]), [.. reasons]);
    }

    public Outcome Run(string program, PacketBuilder packet) => Run(program, packet.Build());

    /// <summary>Packets counted as forwarded in a direction.</summary>
    public ulong Forwarded(TrafficDirection direction)
    {
        var values = new MetricsEntry[BpfCpu.PossibleCount];
        return Metrics.TryLookup((uint)direction, values) ? Sum(values) : 0;
    }

    public void AddEndpoint(EndpointInfo endpoint)
    {
        foreach (var address in new[] { endpoint.Ipv4, endpoint.Ipv6 }.Where(a => !a.IsNone))
        {
            Endpoints.Update(new EndpointKey { Address = address }, endpoint);
        }

        ForwardingChanged();
    }

    public void AddSender(EndpointInfo endpoint)
    {
        AddEndpoint(endpoint);
        ByIfindex.Update(endpoint.Ifindex, endpoint);
        ForwardingChanged();
    }

    public void AddHostAddress(string address)
    {
        Endpoints.Update(new EndpointKey { Address = Addr(address) }, new EndpointInfo { Flags = (uint)EndpointFlags.Host });
        ForwardingChanged();
    }

    public void AddRemote(string address, string? tunnel, uint identity, IpcacheFlags flags = 0)
    {
        Ipcache.Update(
            new IpcacheKey { Address = Addr(address) },
            new IpcacheEntry { TunnelEndpoint = tunnel is null ? default : Addr(tunnel), Identity = identity, Flags = (uint)flags });
        ForwardingChanged();
    }

    /// <summary>As the agent does after it changed a row that says who is where.</summary>
    public void ForwardingChanged()
    {
        if (loaded.HasMap("forwarding_state"))
        {
            Map<uint, ForwardingState>("forwarding_state").Update(0, new ForwardingState { Generation = ++generation });
        }
    }

    public static Address Addr(string address) => Address.From(IPAddress.Parse(address));

    public void Dispose()
    {
        foreach (var item in owned)
        {
            item.Dispose();
        }

        loaded.Dispose();
        Inside.Dispose();
    }

    /// <summary>Each test has maps of its own: those for whole nodes need not be that large here.</summary>
    private void Shrink()
    {
        foreach (var map in new[] { "ipcache", "policy_peers", "policy_rules", "conntrack" }.Where(loaded.HasMap))
        {
            loaded.SetMaxEntries(map, 16384);
        }
    }

    private static ulong Sum(ReadOnlySpan<MetricsEntry> values)
    {
        ulong sum = 0;
        foreach (var value in values)
        {
            sum += value.Packets;
        }

        return sum;
    }

    private Dictionary<DropReason, ulong> ReasonCounts()
    {
        Dictionary<DropReason, ulong> counts = [];
        foreach (var (site, values) in Sites.Entries())
        {
            var reason = (DropReason)site.Reason;
            counts[reason] = counts.GetValueOrDefault(reason) + Sum(values);
        }

        return counts;
    }

    private T Own<T>(T item)
        where T : IDisposable
    {
        owned.Add(item);
        return item;
    }
}
