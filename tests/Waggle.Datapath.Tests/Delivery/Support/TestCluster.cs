using Waggle.Datapath.Abi;
using Waggle.Linux;
using Waggle.Tests.Shared;

namespace Waggle.Datapath.Tests.Delivery.Support;

/// <summary>
/// Nodes on one underlay bridge, all in namespaces without names, with a "world" host beside them that is their default gateway and
/// has 203.0.113.9 and 2001:db8:ffff::9. Nothing of it is in the machine's namespace.
/// </summary>
internal sealed class TestCluster : IDisposable
{
    public const string World4 = "172.18.0.250";
    public const string World6 = "fc00:f853:ccd:e793::250";
    public const string Outside4 = "203.0.113.9";
    public const string Outside6 = "2001:db8:ffff::9";

    private readonly NetworkNamespace underlay = NetworkNamespace.Create();
    private readonly DropCheck drops = new();

    public TestCluster(int nodes, Func<DatapathConfig, DatapathConfig>? change = null, bool native = false, bool ipv6Underlay = false)
    {
        Shell.Ip(underlay, "link add br0 type bridge mcast_snooping 0", "link set br0 up");
        World = NetworkNamespace.Create();
        Plug(World, "eth0", "world");
        Shell.Ip(World,
            "link set lo up",
            $"addr add {World4}/16 dev eth0",
            $"addr add {World6}/64 dev eth0 nodad",
            $"addr add {Outside4}/32 dev lo",
            $"addr add {Outside6}/128 dev lo nodad",
            "link set eth0 up");
        for (var i = 0; i < nodes; i++)
        {
            var node = new TestNode(this, 2 + i);
            Nodes.Add(node);
            node.Load(c => (change ?? (x => x))(native ? c with { RoutingMode = RoutingMode.Native } : c));
        }

        Native = native;
        IPv6Underlay = ipv6Underlay;
    }

    public NetworkNamespace World { get; }

    public List<TestNode> Nodes { get; } = [];

    private bool Native { get; }

    private bool IPv6Underlay { get; }

    /// <summary>Every node learns of every other one's pods. Call after the pods exist.</summary>
    public void Connect()
    {
        foreach (var (a, b) in Nodes.SelectMany(a => Nodes.Where(b => b != a).Select(b => (a, b))))
        {
            a.Learn(b, IPv6Underlay);
            a.RouteTo(b, Native);
        }
    }

    public void Plug(NetworkNamespace ns, string device, string port)
    {
        Shell.Ip(underlay,
            $"link add {port} type veth peer name {device} netns {Shell.PathOf(ns)}",
            $"link set {port} master br0 up");
    }

    /// <summary>Drops for these reasons belong to the test; any other fails it (<see cref="DropCheck"/>).</summary>
    public void Expect(params DropReason[] reasons) => drops.Expect(reasons);

    public void Dispose()
    {
        string[] unexpected = [.. Nodes.SelectMany(n => drops.Unexpected($"node {n.Number}", n.Datapath.Maps))];
        Nodes.ForEach(n => n.Dispose());
        World.Dispose();
        underlay.Dispose();
        DropCheck.Report(unexpected);
    }
}
