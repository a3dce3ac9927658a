using System.Globalization;
using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;
using static Waggle.Datapath.Tests.Packets.Support.PairHook;

namespace Waggle.Datapath.Tests.Packets.Policy;

/// <summary>Rows are replaced as fast as can be while programs read them: the kernel gives a row's memory to the next one at once.</summary>
public sealed class RowReuseTests
{
    /// <summary>Thousands of packets; set it for longer runs.</summary>
    private const string Batches = "WAGGLE_POLICY_REUSE_BATCHES";

    [Fact]
    public async Task Rows_WrittenWhileProgramsRead_NeverSayAnothersVerdict()
    {
        int batches = int.TryParse(Environment.GetEnvironmentVariable(Batches), NumberStyles.None, CultureInfo.InvariantCulture, out int asked) ? asked : 200;
        using var pair = new PairHook();
        var hook = pair.Hook;
        var (state, subjects, peers) = (hook.Map<uint, PolicyState>("policy_state"), hook.Subjects, hook.Peers);

        // Subject 2 lets nobody in, neither by a peer's row nor by default; subject 3 and table 6, which nobody has, would.
        PolicySide closed = hook.Side(5, peers: (1001, Hook.Peer(Hook.Deny, 7))), open = hook.Side(6, PolicyMode.Off, Hook.AllowAll, peers: (1001, Hook.Peer(Hook.AllowAll, 8)));
        hook.SetSubject(2, ingress: closed);
        pair.Request(Syn).Dropped(DropReason.PolicyDenied);
        using var stop = new CancellationTokenSource();
        Task<uint> writing = Task.Run(() =>
        {
            uint sequence = 0;
            while (!stop.IsCancellationRequested)
            {
                Move();
                subjects.Update(2, new PolicySubject { Ingress = closed });
                Move();
                subjects.Update(3, new PolicySubject { Ingress = open });
                Move();
                peers.Update(new PolicyPeerKey { Table = 5, Identity = 1001 }, Hook.Peer(Hook.Deny, 7));
                Move();
                peers.Update(new PolicyPeerKey { Table = 6, Identity = 1001 }, Hook.Peer(Hook.AllowAll, 8));
            }

            return sequence;

            void Move() => state.Update(0, new PolicyState { Revision = 1, Sequence = ++sequence });
        }, TestContext.Current.CancellationToken);
        byte[] packet = pair.AtoB.TcpPorts(ClientPort, Port, Syn).Build(), output = new byte[packet.Length + 256];
        using var program = hook.Program("from_pod");
        uint[] verdicts = hook.Inside.Run(() =>
        {
            var context = new SkBuffContext { Ifindex = 1 };
            return Enumerable.Range(0, batches).Select(_ => program.TestRun(packet, output, ref context, repeat: 1000).ReturnValue).ToArray();
        });
        await stop.CancelAsync();
        Assert.True(await writing > 0);
        Assert.All(verdicts, v => Assert.Equal((uint)TcAction.Shot, v));
        Assert.Empty(hook.Conntrack.Entries()); // and nothing was let in between
    }

    [Fact]
    public void Sequence_ThatMoves_LeavesConnectionsAsTheyAre()
    {
        using var pair = new PairHook();
        pair.Handshake();
        pair.Hook.Map<uint, PolicyState>("policy_state").Update(0, new PolicyState { Revision = 1, Sequence = 99 });
        pair.Request(Ack).Redirected();
        Assert.Equal((1u, 0ul), (pair.Hook.Connection.Revision, pair.Hook.ConntrackCounts().EvaluatedAgain));
    }
}
