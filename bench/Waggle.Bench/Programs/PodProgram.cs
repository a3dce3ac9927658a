using System.Buffers.Binary;
using System.Net;
using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Loading;
using DatapathConfig = Waggle.Datapath.DatapathConfig;

namespace Waggle.Bench.Programs;

/// <summary>
/// The product's pod object with maps of its own, as a node in tunnel mode has it, and the same program stopped after a stage
/// (<c>stages.bpf.c</c>), sharing the maps. The sender is behind the loopback device.
/// </summary>
internal sealed class PodProgram : IDisposable
{
    internal const uint Redirect = 7; // TC_ACT_REDIRECT
    internal static readonly IPAddress Sender = IPAddress.Parse("10.0.1.5");
    internal static readonly byte[] SenderMac = [2, 0, 0, 0, 1, 1];
    internal static readonly byte[] GatewayMac = [2, 0, 0, 0, 1, 2];

    private const string Entry = "from_pod";
    private readonly List<IDisposable> _owned = [];
    private readonly BpfObject _pod;
    private readonly Waggle.Datapath.Abi.DatapathConfig _config;

    internal PodProgram()
    {
        _config = new DatapathConfig
        {
            IPv6Enabled = true,
            MulticastEnabled = true,
            OverlayIfindex = 40,
            HostIfindex = 41,
            UplinkIfindex = 42,
            RouterIPv4 = IPAddress.Parse("10.0.1.1"),
            ConntrackEnabled = false, // what that costs, and policy, is the benchmark "policy"
            LocalCidrIPv4 = IPNetwork.Parse("10.64.0.0/10"),
        }.ToAbi();
        _pod = Own(BpfObject.Open(EmbeddedObjects.Read("pod"), new BpfObjectOptions { Name = "pod" }));
        _pod.SetVariable("config", _config);
        _pod.Load();
        Program = Own(_pod.GetProgram(Entry));
        Endpoints = Own(_pod.GetMap<EndpointKey, EndpointInfo>("endpoints"));
        Ipcache = Own(_pod.GetMap<IpcacheKey, IpcacheEntry>("ipcache"));

        var sender = LocalPod(Address.From(Sender), 1, 1);
        using var devices = _pod.GetMap<uint, EndpointInfo>("endpoints_by_ifindex");
        devices.Update(1, sender);
        Endpoints.Update(new EndpointKey { Address = sender.Ipv4 }, sender);
    }

    /// <summary>The whole program.</summary>
    internal BpfProgram Program { get; }

    /// <summary>Packets that were not forwarded, whatever the reason.</summary>
    internal long Drops
    {
        get
        {
            using var sites = _pod.GetMap("metrics_sites").AsPerCpu<MetricsSite, MetricsEntry>();
            return sites.Entries().Sum(site => site.Value.Sum(entry => (long)entry.Packets));
        }
    }

    private BpfMap<EndpointKey, EndpointInfo> Endpoints { get; }

    private BpfMap<IpcacheKey, IpcacheEntry> Ipcache { get; }

    /// <summary>The program that stops after a stage, with the same maps.</summary>
    internal BpfProgram Cut(Stage stage)
    {
        var cut = Own(BpfObject.Open(BenchObjects.Read("stages"), new BpfObjectOptions { Name = "stages" }));
        cut.SetVariable("config", _config);
        cut.SetVariable("stop_after", (uint)stage);
        foreach (var map in cut.Maps.Where(map => map.PinByName).Select(map => map.Name).ToList())
        {
            cut.ReuseMap(map, Own(_pod.GetMap(map)));
        }

        foreach (var other in cut.ProgramNames.Where(name => name != Entry).ToList())
        {
            cut.SetAutoload(other, false);
        }

        cut.Load();
        return Own(cut.GetProgram(Entry));
    }

    /// <summary>Pods of this node with consecutive addresses.</summary>
    internal void AddLocalPods(uint first, int count)
    {
        for (var i = 0u; i < count; i++)
        {
            var pod = LocalPod(AddressOf(first + i), 100 + i, 2 + i);
            Endpoints.Update(new EndpointKey { Address = pod.Ipv4 }, pod);
        }
    }

    /// <summary>Pods of other nodes with consecutive addresses, 256 on each node.</summary>
    internal void AddRemotePods(uint first, int count)
    {
        for (var i = 0u; i < count; i++)
        {
            Ipcache.Update(
                new IpcacheKey { Address = AddressOf(first + i) },
                new IpcacheEntry { TunnelEndpoint = AddressOf(0xac120003 + i / 256), Identity = 1000 + i });
        }
    }

    public void Dispose()
    {
        _owned.Reverse();
        _owned.ForEach(item => item.Dispose());
    }

    internal static IPAddress IPv4(uint address)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, address);
        return new IPAddress(bytes);
    }

    private static Address AddressOf(uint address) => Address.From(IPv4(address));

    private static EndpointInfo LocalPod(Address address, uint ifindex, uint id)
    {
        var pod = new EndpointInfo { Ifindex = ifindex, Identity = 1000 + id, EndpointId = id, Slot = id, Ipv4 = address };
        ReadOnlySpan<byte> mac = [2, 0, 1, 0, (byte)(id >> 8), (byte)id];
        mac.CopyTo(pod.PodMac);
        GatewayMac.CopyTo(pod.HostMac);
        return pod;
    }

    private T Own<T>(T item)
        where T : IDisposable
    {
        _owned.Add(item);
        return item;
    }
}
