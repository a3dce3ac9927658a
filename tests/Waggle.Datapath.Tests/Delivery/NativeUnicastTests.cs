using Waggle.Datapath.Tests.Delivery.Support;

namespace Waggle.Datapath.Tests.Delivery;

/// <summary>Two nodes whose underlay routes pod addresses; BPF asks the FIB itself, or leaves it to the stack.</summary>
public sealed class NativeUnicastTests
{
    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    public void Delivery_Native_TcpBetweenNodes(bool ipv6, bool fib)
    {
        using var cluster = new TestCluster(2, c => c with { FibRedirect = fib }, native: true);
        var local = cluster.Nodes[0].AddPod();
        var remote = cluster.Nodes[1].AddPod();
        cluster.Connect();
        Assert.True(Sockets.TcpRoundTrip(local.Namespace, remote.Namespace, remote.Address(ipv6), 1_000_000));
        Assert.True(Sockets.TcpRoundTrip(local.Node.Namespace, remote.Namespace, remote.Address(ipv6), 100_000));
    }
}
