using System.Net;
using System.Net.Sockets;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Delivery.Support;
using Waggle.Datapath.Tests.Packets.Support;

namespace Waggle.Datapath.Tests.Delivery;

/// <summary>Two nodes with VXLAN under policy: real connections of pods on both.</summary>
public sealed class PolicyCluster : IDisposable
{
    private uint tables = 1;
    private uint revision = 1;

    public PolicyCluster()
    {
        Cluster = new TestCluster(2, c => c with { PolicyEnabled = true, DenyResponse = DenyResponse.Reset, MasqueradeIPv4 = true, MasqueradeIPv6 = true });
        Cluster.Expect(DropReason.PolicyDenied); // what most of the tests are about
        Client = Cluster.Nodes[0].AddPod();
        Server = Cluster.Nodes[1].AddPod();
        Cluster.Connect();
        foreach (var pod in new[] { Client, Server })
        {
            Enforce(pod);
            var row = pod.Node.Datapath.Maps.EndpointsByIfindex.Entries().Single().Value;
            row.PolicySubject = 1;
            pod.Node.Datapath.Maps.EndpointsByIfindex.Update(row.Ifindex, row);
            pod.Node.Datapath.Maps.Endpoints.Update(new EndpointKey { Address = row.Ipv4 }, row);
            pod.Node.Datapath.Maps.Endpoints.Update(new EndpointKey { Address = row.Ipv6 }, row);
        }
    }

    internal TestCluster Cluster { get; }

    internal TestPod Client { get; }

    internal TestPod Server { get; }

    /// <summary>Replaces the pod's policy as the agent does: new rows, subject, revision. Null: the direction is not enforced.</summary>
    internal void Enforce(TestPod pod, uint[]? egress = null, uint[]? ingress = null)
    {
        var maps = pod.Node.Datapath.Maps;
        maps.PolicySubjects.Update(1, new PolicySubject { Egress = Side(maps, egress), Ingress = Side(maps, ingress) });
        maps.PolicyState.Update(0, new PolicyState { Revision = ++revision });
        maps.ForwardingChanged();
    }

    public void Dispose() => Cluster.Dispose();

    private PolicySide Side(Maps.DatapathMaps maps, uint[]? allowed)
    {
        if (allowed is null)
        {
            return default;
        }

        var table = ++tables;
        foreach (var identity in allowed)
        {
            maps.PolicyPeers.Update(new PolicyPeerKey { Table = table, Identity = identity }, Hook.Peer(Hook.AllowAll));
        }

        return new PolicySide { Table = table, Mode = (byte)PolicyMode.On };
    }
}

public sealed class PolicyTests(PolicyCluster fixture) : IClassFixture<PolicyCluster>
{
    public static TheoryData<bool> Families => [false, true];

    [Theory]
    [MemberData(nameof(Families))]
    public void Delivery_Ingress_OfTheOtherNode_AllowsByIdentity(bool ipv6)
    {
        fixture.Enforce(fixture.Client);
        fixture.Enforce(fixture.Server, egress: [], ingress: [fixture.Client.Identity]);
        Assert.True(Sockets.TcpRoundTrip(fixture.Client.Namespace, fixture.Server.Namespace, fixture.Server.Address(ipv6), 200_000));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Delivery_Ingress_OfTheOtherNode_RefusalReachesTheSender(bool ipv6)
    {
        fixture.Enforce(fixture.Client, ingress: []);
        fixture.Enforce(fixture.Server, ingress: []);
        Assert.Equal(SocketError.ConnectionRefused, Connect(fixture.Client.Namespace, fixture.Server.Namespace, fixture.Server.Address(ipv6)));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Delivery_Egress_RefusedAtItsOwnNode(bool ipv6)
    {
        fixture.Enforce(fixture.Client, egress: []);
        fixture.Enforce(fixture.Server);
        Assert.Equal(SocketError.ConnectionRefused, Connect(fixture.Client.Namespace, fixture.Server.Namespace, fixture.Server.Address(ipv6)));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Delivery_Node_ReachesItsPodButNotTheOtherNodes(bool ipv6)
    {
        fixture.Enforce(fixture.Server, ingress: [], egress: []);
        Assert.True(Sockets.TcpRoundTrip(fixture.Server.Node.Namespace, fixture.Server.Namespace, fixture.Server.Address(ipv6), 50_000));
        Assert.Equal(SocketError.ConnectionRefused, Connect(fixture.Client.Node.Namespace, fixture.Server.Namespace, fixture.Server.Address(ipv6)));
        fixture.Enforce(fixture.Server, ingress: [(uint)ReservedIdentity.RemoteNode], egress: []);
        Assert.True(Sockets.TcpRoundTrip(fixture.Client.Node.Namespace, fixture.Server.Namespace, fixture.Server.Address(ipv6), 50_000));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Delivery_World_MasqueradedConnectionUnderEgressPolicy(bool ipv6)
    {
        var outside = IPAddress.Parse(ipv6 ? TestCluster.Outside6 : TestCluster.Outside4);
        fixture.Enforce(fixture.Client, egress: [(uint)ReservedIdentity.World], ingress: []);
        Assert.True(Sockets.TcpRoundTrip(fixture.Client.Namespace, fixture.Cluster.World, outside, 200_000));
        fixture.Enforce(fixture.Client, egress: [fixture.Server.Identity], ingress: []);
        Assert.Equal(SocketError.ConnectionRefused, Connect(fixture.Client.Namespace, fixture.Cluster.World, outside));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Delivery_OutsideStraightToAPod_AnswersKeepItsAddress(bool ipv6)
    {
        var node = fixture.Client.Node;
        Shell.Ip(fixture.Cluster.World, $"route replace {fixture.Client.Address(ipv6)}/{(ipv6 ? 128 : 32)} via {node.Address(ipv6)}");
        fixture.Enforce(fixture.Client, egress: [], ingress: [(uint)ReservedIdentity.World]);
        Assert.True(Sockets.TcpRoundTrip(fixture.Cluster.World, fixture.Client.Namespace, fixture.Client.Address(ipv6), 200_000));
        fixture.Enforce(fixture.Client, ingress: []);
        Assert.Equal(SocketError.ConnectionRefused, Connect(fixture.Cluster.World, fixture.Client.Namespace, fixture.Client.Address(ipv6)));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Delivery_Change_WhileConnected_CutsAndOnlyThen(bool ipv6)
    {
        fixture.Enforce(fixture.Client);
        fixture.Enforce(fixture.Server, ingress: [fixture.Client.Identity]);
        using var listener = Listen(fixture.Server.Namespace, fixture.Server.Address(ipv6));
        using var client = Sockets.Create(fixture.Client.Namespace, ipv6, SocketType.Stream);
        client.Connect(listener.LocalEndPoint!);
        using var server = listener.Accept();
        for (var i = 0; i < 200; i++)
        {
            fixture.Enforce(fixture.Server, ingress: [fixture.Client.Identity, (uint)(5000 + i)]);
            client.Send(BitConverter.GetBytes(i));
            var got = new byte[4];
            Assert.Equal(4, server.Receive(got));
            Assert.Equal(i, BitConverter.ToInt32(got));
        }

        fixture.Enforce(fixture.Server, ingress: []);
        client.Send([1]);
        Assert.True(client.Poll(TimeSpan.FromSeconds(30), SelectMode.SelectRead)); // the reset
        Assert.Equal(SocketError.ConnectionReset, Assert.Throws<SocketException>(() => client.Receive(new byte[1])).SocketErrorCode);
        Assert.Equal(0, server.Available);
    }

    /// <summary>How an attempt to connect to a listener ends.</summary>
    private static SocketError Connect(Linux.NetworkNamespace from, Linux.NetworkNamespace to, IPAddress address)
    {
        using var listener = Listen(to, address);
        using var client = Sockets.Create(from, address.AddressFamily == AddressFamily.InterNetworkV6, SocketType.Stream);
        try
        {
            return client.ConnectAsync(listener.LocalEndPoint!).Wait(TimeSpan.FromSeconds(30)) ? SocketError.Success : SocketError.TimedOut;
        }
        catch (AggregateException e) when (e.InnerException is SocketException s)
        {
            return s.SocketErrorCode;
        }
    }

    private static Socket Listen(Linux.NetworkNamespace inside, IPAddress address)
    {
        var listener = Sockets.Create(inside, address.AddressFamily == AddressFamily.InterNetworkV6, SocketType.Stream);
        listener.Bind(new IPEndPoint(address, 0));
        listener.Listen(1);
        return listener;
    }
}
