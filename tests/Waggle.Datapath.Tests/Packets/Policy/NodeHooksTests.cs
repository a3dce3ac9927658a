using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;

namespace Waggle.Datapath.Tests.Packets.Policy;

/// <summary>Policy where the node's own stack and the network meet pods and the node: to_pod, from_host, from_network, to_network.</summary>
public sealed class NodeHooksTests : IDisposable
{
    private const uint NodeSubject = 9;
    private readonly List<Hook> hooks = [];

    [Theory]
    [InlineData(Configs.Router4, Configs.Pod4, true)]
    [InlineData(Configs.Router6, Configs.Pod6, true)]
    [InlineData(Configs.Node4, Configs.Pod4, true)]
    [InlineData(Configs.World4, Configs.Pod4, false)]
    [InlineData(Configs.World6, Configs.Pod6, false)]
    [InlineData(Configs.Remote4, Configs.Pod4, false)]
    public void ToPod_FromTheStack_AskedUnlessItIsTheNodeItself(string source, string destination, bool passes)
    {
        var hook = New("pod", PairHook.Config);
        hook.SetSubject(1, ingress: hook.Side(1));
        var outcome = hook.Run("to_pod", PacketBuilder.Ip(source, destination).UdpPorts(1, 2));
        Assert.Equal(passes ? TcAction.Ok : TcAction.Shot, outcome.Action);
    }

    [Fact]
    public void ToPod_AllowLocalhostOff_AsksAboutTheNode()
    {
        var hook = New("pod", PairHook.Config with { AllowLocalhost = 0 });
        hook.SetSubject(1, ingress: hook.Side(1));
        hook.Run("to_pod", PacketBuilder.Ip(Configs.Router4, Configs.Pod4).UdpPorts(1, 2)).Dropped(DropReason.PolicyDenied);
        hook.SetSubject(1, ingress: hook.Side(2, peers: ((uint)ReservedIdentity.Host, Hook.Peer(Hook.AllowAll))));
        hook.Run("to_pod", PacketBuilder.Ip(Configs.Router4, Configs.Pod4).UdpPorts(1, 2)).Passed();
    }

    [Fact]
    public void ToPod_ProbeOfTheNode_LetsTheAnswerOut()
    {
        var hook = New("pod", PairHook.Config);
        hook.SetSubject(1, egress: hook.Side(1), ingress: hook.Side(2));
        hook.Run("to_pod", PacketBuilder.Ip(Configs.Router4, Configs.Pod4).TcpPorts(5000, 8080)).Passed();
        hook.Run("from_pod", PacketBuilder.Ip(Configs.Pod4, Configs.Router4).TcpPorts(8080, 5000, 18)).Passed();
        hook.SetRevision(2);
        hook.Run("from_pod", PacketBuilder.Ip(Configs.Pod4, Configs.Router4).TcpPorts(8080, 5000, 16)).Passed();
        hook.Run("from_pod", PacketBuilder.Ip(Configs.Pod4, Configs.Router4).TcpPorts(8080, 5001, 16)).Dropped(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData("224.0.0.1")]
    [InlineData("239.1.1.1")]
    public void ToPod_Groups_AreNotAskedAgain(string group)
    {
        var hook = New("pod", PairHook.Config);
        hook.SetSubject(1, ingress: hook.Side(1));
        hook.Run("to_pod", PacketBuilder.Ip(Configs.World4, group).UdpPorts(1, 2)).Passed();
    }

    [Theory]
    [InlineData(133)]
    [InlineData(135)]
    [InlineData(136)]
    public void ToPod_NeighbourDiscovery_Passes(byte type)
    {
        var hook = New("pod", PairHook.Config with { AllowLocalhost = 0 });
        hook.SetSubject(1, ingress: hook.Side(1));
        hook.Run("to_pod", PacketBuilder.Ip("fe80::1", Configs.Pod6).HopLimit(255).IcmpMessage([type, 0, 0, 0, .. new byte[20]])).Passed();
    }

    [Fact]
    public void FromHost_ForwardedForOthers_IsTheirIdentity()
    {
        var hook = New("host", PairHook.Config);
        hook.SetSubject(2, ingress: hook.Side(1));
        hook.Run("from_host", PacketBuilder.Ip(Configs.Router4, Configs.Other4).UdpPorts(1, 2)).Redirected();
        hook.Run("from_host", PacketBuilder.Ip(Configs.World4, Configs.Other4).UdpPorts(1, 2)).Dropped(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData(Configs.World4, Configs.Pod4)]
    [InlineData(Configs.World6, Configs.Pod6)]
    public void FromNetwork_ToAPod_IngressOfTheWorld(string source, string destination)
    {
        var hook = New("netdev", PairHook.Config);
        hook.SetSubject(1, ingress: hook.Side(1));
        hook.Run("from_network", PacketBuilder.Ip(source, destination).UdpPorts(1, 2)).Dropped(DropReason.PolicyDenied);
        hook.SetSubject(1, ingress: hook.Side(2, peers: ((uint)ReservedIdentity.World, Hook.Peer(Hook.AllowAll))));
        hook.Run("from_network", PacketBuilder.Ip(source, destination).UdpPorts(1, 2)).Redirected();
    }

    [Fact]
    public void FromNetwork_AddressOfATunnelledPod_IsTheWorld()
    {
        var hook = New("netdev", PairHook.Config);
        hook.SetSubject(1, ingress: hook.Side(1, peers: (2001, Hook.Peer(Hook.AllowAll))));
        hook.Run("from_network", PacketBuilder.Ip(Configs.Remote4, Configs.Pod4).UdpPorts(1, 2)).Dropped(DropReason.PolicyDenied);
    }

    [Theory]
    [InlineData(Configs.World4, Configs.Node4)]
    [InlineData(Configs.World6, Configs.Node6)]
    public void HostFirewall_Ingress_AsksAboutWhatIsOpenedButNotAboutAnswers(string outside, string node)
    {
        var hook = New("netdev", PairHook.Config with { HostFirewall = 1 });
        hook.SetSubject(NodeSubject, ingress: hook.Side(1));
        hook.Run("from_network", PacketBuilder.Ip(outside, node).TcpPorts(1000, 22)).Dropped(DropReason.PolicyDenied);
        hook.Run("to_network", PacketBuilder.Ip(node, outside).TcpPorts(40000, 443)).Passed();
        hook.Run("from_network", PacketBuilder.Ip(outside, node).TcpPorts(443, 40000, 18)).Passed();
        if (node.Contains(':'))
        {
            hook.Run("from_network", PacketBuilder.Ip("fe80::9", node).HopLimit(255).IcmpMessage([135, 0, 0, 0, .. new byte[20]])).Passed();
        }
    }

    [Fact]
    public void HostFirewall_Egress_IsAsked()
    {
        var hook = New("netdev", PairHook.Config with { HostFirewall = 1 });
        hook.SetSubject(NodeSubject, egress: hook.Side(1));
        hook.Run("to_network", PacketBuilder.Ip(Configs.Node4, Configs.World4).TcpPorts(40000, 443)).Dropped(DropReason.PolicyDenied);
        hook.Run("from_network", PacketBuilder.Ip(Configs.World4, Configs.Node4).TcpPorts(1000, 22)).Passed();
        hook.Run("to_network", PacketBuilder.Ip(Configs.Node4, Configs.World4).TcpPorts(22, 1000, 18)).Passed();
    }

    [Fact]
    public void HostFirewall_PodToItsNode_IsIngressOfTheNode()
    {
        var hook = New("pod", PairHook.Config with { HostFirewall = 1 });
        hook.SetSubject(NodeSubject, ingress: hook.Side(1));
        hook.Run("from_pod", PacketBuilder.Ip(Configs.Pod4, Configs.Node4).TcpPorts(1, 22)).Dropped(DropReason.PolicyDenied);
        hook.Run("from_pod", PacketBuilder.Ip(Configs.Pod4, Configs.Other4).TcpPorts(1, 22)).Redirected();
    }

    [Fact]
    public void HostFirewall_Off_LeavesTheNodeAlone()
    {
        var hook = New("netdev", PairHook.Config);
        hook.SetSubject(NodeSubject, ingress: hook.Side(1), egress: hook.Side(2));
        hook.Run("from_network", PacketBuilder.Ip(Configs.World4, Configs.Node4).TcpPorts(1000, 22)).Passed();
        hook.Run("to_network", PacketBuilder.Ip(Configs.Node4, Configs.World4).TcpPorts(1000, 22)).Passed();
        Assert.Empty(hook.Conntrack.Entries());
    }

    [Theory]
    [InlineData(Configs.World4, Configs.Pod4)]
    [InlineData(Configs.World6, Configs.Pod6)]
    public void Masquerade_AnswerToAConnectionFromOutside_KeepsThePodsAddress(string outside, string pod)
    {
        var hook = New("netdev", PairHook.Config with { MasqueradeIpv4 = 1, MasqueradeIpv6 = 1 });
        hook.Run("from_network", PacketBuilder.Ip(outside, pod).TcpPorts(1000, 80)).Redirected();
        var answer = PacketBuilder.Ip(pod, outside).TcpPorts(80, 1000, 18).Build();
        Assert.Equal(answer, hook.Run("to_network", answer).Passed().Frame);
        Assert.NotEqual(pod, hook.Run("to_network", PacketBuilder.Ip(pod, outside).TcpPorts(81, 1000)).Passed().Source);
    }

    [Fact]
    public void Masquerade_ErrorAboutAConnectionFromOutside_KeepsThePodsAddress()
    {
        var hook = New("netdev", PairHook.Config with { MasqueradeIpv4 = 1 });
        var request = PacketBuilder.Ip(Configs.World4, Configs.Pod4).UdpPorts(1000, 80).Build();
        hook.Run("from_network", request).Redirected();
        Assert.Equal(Configs.Pod4, hook.Run("to_network", PacketBuilder.Ip(Configs.Pod4, Configs.World4).IcmpError(3, 3, request)).Passed().Source);
    }

    public void Dispose() => hooks.ForEach(h => h.Dispose());

    private Hook New(string name, AbiConfig config)
    {
        var hook = new Hook(name, config);
        hooks.Add(hook);
        hook.SetRevision(1);
        PodHook.Populate(hook);
        hook.AddSender(PairHook.A);
        hook.AddEndpoint(PairHook.B);
        hook.SetSubject(1);
        hook.SetSubject(2);
        hook.SetSubject(NodeSubject);
        foreach (var address in new[] { Configs.Node4, Configs.Node6, Configs.Router4, Configs.Router6 })
        {
            hook.Endpoints.Update(
                new EndpointKey { Address = Hook.Addr(address) }, new EndpointInfo { Flags = (uint)EndpointFlags.Host, PolicySubject = NodeSubject });
        }

        return hook;
    }
}
