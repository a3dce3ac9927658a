using System.Net;
using System.Net.Sockets;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Delivery.Support;

namespace Waggle.Datapath.Tests.Delivery;

/// <summary>Three nodes: three pods on the first, two on the second, one on the third.</summary>
public abstract class MulticastCluster : IDisposable
{
    private protected MulticastCluster(bool native = false, bool ipv6Underlay = false)
    {
        Cluster = new TestCluster(3, native: native, ipv6Underlay: ipv6Underlay);
        // Outer IPv6 packets are never cut up: pods get what fits, as the agent sees to. Outer IPv4 copes with full frames.
        var mtu = ipv6Underlay ? 1430 : 1500;
        Local = [.. Enumerable.Range(0, 3).Select(_ => Cluster.Nodes[0].AddPod(mtu))];
        Remote = [.. Enumerable.Range(0, 2).Select(_ => Cluster.Nodes[1].AddPod(mtu))];
        Third = Cluster.Nodes[2].AddPod(mtu);
        Cluster.Connect();
    }

    internal TestCluster Cluster { get; }

    internal TestPod[] Local { get; }

    internal TestPod[] Remote { get; }

    internal TestPod Third { get; }

    public void Dispose() => Cluster.Dispose();

    internal IPAddress Configure(string text)
    {
        var group = IPAddress.Parse(text);
        Cluster.Nodes.ForEach(n => n.AddGroup(group));
        return group;
    }

    /// <summary>What agents do: a node with members becomes a remote member on all others.</summary>
    internal void Publish(IPAddress group)
    {
        foreach (var node in Cluster.Nodes.Where(n => n.Pods.Any(p => n.Join(group, p.Number) is not null)))
        {
            foreach (var other in Cluster.Nodes.Where(n => n != node))
            {
                Assert.Equal(McastControlResult.Done, other.Control(McastControlOp.Join, group, TestNode.RemoteSlot + node.Number));
            }
        }
    }
}

/// <summary>Nodes reach each other by VXLAN over IPv4.</summary>
public sealed class TunnelMulticast() : MulticastCluster();

/// <summary>Nodes reach each other by VXLAN over IPv6.</summary>
public sealed class TunnelMulticastIPv6() : MulticastCluster(ipv6Underlay: true);

/// <summary>The underlay routes pod addresses; copies travel as unicast frames.</summary>
public sealed class NativeMulticast() : MulticastCluster(native: true);
