using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;
using static Waggle.Datapath.Tests.Packets.Support.PairHook;

namespace Waggle.Datapath.Tests.Packets.Policy;

/// <summary>Connections while policy or identities change under them.</summary>
public sealed class PolicyChangeTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Cut_EndsBothDirections_WhoeverSendsFirst(bool replyFirst)
    {
        using var pair = new PairHook();
        pair.Handshake();
        Refuse(pair, PolicyOnDeny.Cut);
        for (var i = 0; i < 3; i++)
        {
            var first = replyFirst ? pair.Reply(Ack) : pair.Request(Ack);
            first.Dropped(DropReason.PolicyDenied);
            (replyFirst ? pair.Request(Ack) : pair.Reply(Ack)).Dropped(DropReason.PolicyDenied);
        }

        Assert.Equal(1ul, pair.Hook.ConntrackCounts().Cut);
        pair.Request(Syn).Dropped(DropReason.PolicyDenied);
    }

    [Fact]
    public void Cut_AllowedAgain_GoesOn()
    {
        using var pair = new PairHook();
        pair.Handshake();
        Refuse(pair, PolicyOnDeny.Cut);
        pair.Request(Ack).Dropped(DropReason.PolicyDenied);
        pair.Hook.SetSubject(2);
        pair.Hook.SetRevision(3);
        pair.Reply(Ack).Redirected();
        pair.Request(Ack).Redirected();
        Assert.Equal(0, pair.Hook.Connection.Flags & (int)ConntrackFlags.Cut);
    }

    [Fact]
    public void Keep_LetsItGoOnAndNothingNewIn()
    {
        using var pair = new PairHook();
        pair.Handshake();
        Refuse(pair, PolicyOnDeny.Keep);
        pair.Request(Ack).Redirected();
        pair.Reply(Ack).Redirected();
        pair.FromA(pair.AtoB.TcpPorts(40001, 80)).Dropped(DropReason.PolicyDenied);
        pair.Request(Syn).Dropped(DropReason.PolicyDenied);
    }

    [Fact]
    public void Drain_LetsItGoOnForAWhile()
    {
        using var pair = new PairHook();
        pair.Handshake();
        Refuse(pair, PolicyOnDeny.Drain, 600);
        pair.Request(Ack).Redirected();
        pair.Reply(Ack).Redirected();
        Assert.NotEqual(0, pair.Hook.Connection.Flags & (int)ConntrackFlags.Draining);
        Assert.Equal(0, pair.Hook.Connection.Flags & (int)ConntrackFlags.Cut);
        pair.Hook.Change(c => c with { DrainUntil = c.DrainUntil - 1000 });
        pair.Reply(Ack).Dropped(DropReason.PolicyDenied);
        pair.Request(Ack).Dropped(DropReason.PolicyDenied);
    }

    [Fact]
    public void Revision_StillAllowed_IsAskedOnceAndTakesTheNewRule()
    {
        using var pair = new PairHook();
        pair.Handshake();
        pair.Hook.SetSubject(2, ingress: pair.Hook.Side(5, peers: (1001, Hook.Peer(Hook.AllowAll, 44))));
        pair.Hook.SetRevision(2);
        pair.Reply(Ack).Redirected();
        pair.Request(Ack).Redirected();
        Assert.Equal((44u, 2u), (pair.Hook.Connection.IngressRule, pair.Hook.Connection.Revision));
        Assert.Equal(1ul, pair.Hook.ConntrackCounts().EvaluatedAgain);
    }

    [Fact]
    public void Identity_Changed_IsAskedAgainWithTheNewOne()
    {
        using var pair = new PairHook();
        pair.Hook.SetSubject(2, ingress: pair.Hook.Side(5, peers: (1001, Hook.Peer(Hook.AllowAll, 44))));
        pair.Handshake();
        var relabelled = A with { Identity = 1009 };
        pair.Hook.AddEndpoint(relabelled);
        pair.Reply(Ack).Dropped(DropReason.PolicyDenied);
        pair.Hook.AddEndpoint(A);
        pair.Reply(Ack).Redirected();
    }

    [Fact]
    public void LruFlood_WithEvictions_NeverOpensWhatIsDenied()
    {
        using var pair = new PairHook();
        pair.Hook.SetSubject(2, ingress: pair.Hook.Side(5, peers: (1001, Hook.Peer(Hook.Deny, 0, 1, Hook.ExactPorts))), egress: pair.Hook.Side(6));
        pair.Hook.AddRule(5, 1, PacketBuilder.Udp, 53, Hook.AllowPort, 1);
        for (var i = 0; i < 20000; i++)
        {
            pair.FromA(pair.AtoB.UdpPorts((ushort)(1024 + i), 53)).Redirected();
            if (i % 64 == 0)
            {
                pair.FromA(pair.AtoB.UdpPorts((ushort)(1024 + i), 54)).Dropped(DropReason.PolicyDenied);
                var answer = pair.FromB(pair.BtoA.UdpPorts(54, (ushort)(1024 + i)));
                answer.Dropped(DropReason.PolicyDenied);
            }
        }
    }

    private static void Refuse(PairHook pair, PolicyOnDeny onDeny, ushort drain = 0)
    {
        pair.Hook.SetSubject(2, ingress: pair.Hook.Side(77), onDeny: onDeny, drain: drain);
        pair.Hook.SetRevision(2);
    }
}
