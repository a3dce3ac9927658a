using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Peers;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Protocol.Relays;
using Waggle.Hubble.Relay;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;
using Waggle.Hubble.Rpc.Server;
using Waggle.Hubble.Tests.Shared;
using Waggle.Hubble.Tests.Tls;
using Waggle.Tests.Shared;

namespace Waggle.Hubble.Tests.Relay;

/// <summary>Nodes that say what they must not: each is told, and the others are served all the same.</summary>
public sealed class LyingNodeTests
{
    private const long Base = 1_700_000_000_000_000_000;

    [Fact]
    public async Task Frame_OfFourGibibytes_IsToldAndNotWaitedFor()
    {
        await using var liar = await FakeNode.StartAsync(async (writer, call) => await SayAsync(writer, call, [0, 255, 255, 255, 255, 1, 2, 3]));
        Assert.Contains("4294967295", await ToldAsync(liar.Path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0, 3, 255, 255, 255 })] // not protobuf
    [InlineData(new byte[] { 0, 0, 0, 0, 3, 10, 200, 1 })] // a flow longer than its message
    [InlineData(new byte[] { 0, 0, 0, 0, 4, 10, 2, 255, 255 })] // not protobuf inside
    [InlineData(new byte[] { 9, 0, 0, 0, 0 })] // a flag that means nothing
    public async Task Garbage_IsTold(byte[] bytes)
    {
        await using var liar = await FakeNode.StartAsync(async (writer, call) => await SayAsync(writer, call, bytes));
        Assert.Contains("malformed", await ToldAsync(liar.Path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silence_InTheMiddleOfAFrame_IsGivenUp()
    {
        await using var liar = await FakeNode.StartAsync(async (writer, call) => await SayAsync(writer, call, [0, 0, 0, 1, 0, 10, 2]));
        Assert.Contains("nothing heard", await ToldAsync(liar.Path, giveUpSeconds: 10), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_WithoutEnd_AreCutOff()
    {
        byte[] field = [0x10, 0x01, (byte)'x', 0x7f, 0x81, 0x07, .. Enumerable.Repeat((byte)'y', 1024)]; // never indexed, one letter, 1,024 bytes
        await using var liar = new RawNode(async (stream, call, cancellation) =>
        {
            await stream.WriteAsync(RawNode.Frame(1, 0, call, [0x88]), cancellation);
            while (true)
            {
                await stream.WriteAsync(RawNode.Frame(9, 0, call, field), cancellation);
            }
        });
        await ToldAsync(liar.Path);
    }

    [Fact]
    public async Task Headers_OfNothingWithoutEnd_HoldNobodyUp()
    {
        await using var liar = new RawNode(async (stream, call, cancellation) =>
        {
            await stream.WriteAsync(RawNode.Frame(1, 0, call, [0x88]), cancellation);
            while (true)
            {
                await stream.WriteAsync(RawNode.Frame(9, 0, call, []), cancellation);
                await Task.Delay(1, cancellation); // the same lie with less heat
            }
        });
        await ToldAsync(liar.Path, callSeconds: 8);
    }

    [Theory]
    [InlineData(10UL)]
    [InlineData(0UL)]
    public async Task Answer_WithoutEnd_FromThePast_IsCutOff(ulong number)
    {
        await using var liar = await FakeNode.StartAsync(async (writer, _) =>
        {
            while (true)
            {
                await writer.WriteAsync(new GetFlowsResponse { Flow = new Flow { NodeName = "liar" }, NodeName = "liar", Time = FlowEncoder.Time(Base - 1) });
            }
        });
        Assert.Contains("more than was asked for", await ToldAsync(liar.Path, number), StringComparison.Ordinal);
    }

    [Fact]
    public async Task LostEvents_WithoutEnd_AreCutOff()
    {
        await using var liar = await FakeNode.StartAsync(async (writer, _) =>
        {
            while (true)
            {
                await writer.WriteAsync(new GetFlowsResponse { LostEvents = new LostEvent { NumEventsLost = 1 }, NodeName = "liar", Time = FlowEncoder.Time(Base - 1) });
            }
        });
        Assert.Contains("more than was asked for", await ToldAsync(liar.Path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_OfOtherNodes_IsSaidOfTheNodeItself()
    {
        await using var liar = await FakeNode.StartAsync(async (writer, _) => await writer.WriteAsync(new GetFlowsResponse
        {
            NodeStatus = new NodeStatusEvent { StateChange = NodeState.NodeGone, NodeNames = { "a", "b" } }, NodeName = "liar", Time = FlowEncoder.Time(Base),
        }));
        await using var relay = await TestRelay.StartAsync([new("liar", liar.Path)]);
        var (_, events) = await relay.AllAsync(new GetFlowsRequest { Number = 10 });
        Assert.Equal("liar", Assert.Single(Assert.Single(events, e => e.StateChange == NodeState.NodeGone).NodeNames));
    }

    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    public async Task Flows_FarFromNow_HoldNobodyUp(int seconds)
    {
        await using var a = await TestServer.StartAsync(capacity: 4095, node: "a");
        await using var b = await TestServer.StartAsync(capacity: 4095, node: "b");
        await using var liar = await FakeNode.StartAsync(async (writer, _) =>
        {
            while (true)
            {
                await writer.WriteAsync(new GetFlowsResponse { Flow = new Flow { NodeName = "liar" }, NodeName = "liar", Time = FlowEncoder.Time(Now() + (seconds * 1_000_000_000L)) });
            }
        });
        await using var relay = await TestRelay.StartAsync([new("a", a.SocketPath), new("b", b.SocketPath), new("liar", liar.Path)], options: TestRelay.Options() with { Patience = TimeSpan.FromSeconds(1) });
        var (honest, told) = (0, false);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        await foreach (var response in relay.Channel.StreamAsync(HubbleMethods.GetFlows, new GetFlowsRequest { Follow = true }, cancellation: limit.Token))
        {
            if (honest == 0 && response.ResponseTypesCase == GetFlowsResponse.ResponseTypesOneofCase.Flow && a.Observer.Streams + b.Observer.Streams == 2)
            {
                honest = -1;
                for (var i = 0; i < 2000; i++)
                {
                    Write(i % 2 == 0 ? a : b, Now());
                }
            }

            honest += response.Flow is not null && response.NodeName != "liar" ? honest < 0 ? 2 : 1 : 0;
            told |= response.NodeStatus?.Message.Contains("clock", StringComparison.Ordinal) == true;
            if (honest >= 2000 && (told || seconds < 0))
            {
                break;
            }
        }

        Assert.Equal(2000, honest);
        Assert.Equal(seconds > 0, told);
    }

    [Fact]
    public async Task Certificates_ThatLie_AreTold_AndTheOthersServed()
    {
        using var pki = new TestPki();
        using var unknown = new TestPki();
        using var volumes = new Disposables();
        var peers = new List<Peer>();
        await using var a = await TestServer.StartAsync(node: "a");
        Write(a, Base);
        foreach (var (name, certificate) in new[] { ("a", pki.Issue("*.default.hubble-grpc.cilium.io")), ("unknown", unknown.Issue("*.default.hubble-grpc.cilium.io")), ("wrong", pki.Issue("*.other.hubble-grpc.cilium.io")) })
        {
            var volume = volumes.Add(new SecretVolume());
            volume.Write(certificate, pki.Pem);
            var listener = volumes.Add(await RpcListener.TcpAsync(new IPEndPoint(IPAddress.Loopback, 0), a.Server, volume.Files(TimeProvider.System), requireClientCertificate: true, NullLoggerFactory.Instance, TestContext.Current.CancellationToken));
            peers.Add(new Peer(name, $"127.0.0.1:{listener.Port}", Peer.ServerName("default", name)));
        }

        using X509Certificate2 client = pki.Issue("client");
        await using var relay = await TestRelay.StartAsync(
            peers,
            p => new RpcChannel(RpcTarget.TryParse(p.Address, out var target) ? target : throw new ArgumentException(p.Address), new RpcChannelOptions { Tls = new RpcTlsOptions { ServerName = p.TlsServerName, Authorities = () => [pki.Authority], ClientCertificate = () => client } }),
            TestRelay.Options());
        var (flows, events) = await relay.AllAsync(new GetFlowsRequest { Number = 10 });
        Assert.Equal("a", Assert.Single(flows).NodeName);
        var told = Assert.Single(events, e => e.StateChange == NodeState.NodeUnavailable);
        Assert.Equal(["unknown", "wrong"], told.NodeNames);
        Assert.Contains("an authority that is not trusted", told.Message, StringComparison.Ordinal);
        Assert.Contains("it is not for wrong.default.hubble-grpc.cilium.io", told.Message, StringComparison.Ordinal);
    }

    /// <summary>Asks a relay of an honest node and a lying one; what is told of the latter.</summary>
    private static async Task<string> ToldAsync(string path, ulong number = 10, int giveUpSeconds = 60, int callSeconds = 20)
    {
        await using var a = await TestServer.StartAsync(node: "a");
        Write(a, Base);
        await using var relay = await TestRelay.StartAsync([new("a", a.SocketPath), new("liar", path)], options: TestRelay.Options(giveUpSeconds) with { CallTimeout = TimeSpan.FromSeconds(callSeconds), Patience = TimeSpan.FromSeconds(2), MaxAnswer = 1000 });
        var (flows, events) = await relay.AllAsync(new GetFlowsRequest { Number = number });
        Assert.Single(flows, f => f.NodeName == "a");
        return Assert.Single(events, e => e.StateChange is NodeState.NodeError or NodeState.NodeUnavailable && e.NodeNames.Contains("liar")).Message;
    }

    private static async Task SayAsync(IRpcWriter<GetFlowsResponse> writer, RpcServerCall call, byte[] bytes)
    {
        writer.WriteFrames(bytes);
        await writer.FlushAsync();
        await Task.Delay(Timeout.Infinite, call.Cancellation);
    }

    private static long Now() => (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * 100;

    private static void Write(TestServer server, long timeNs) => server.Pipeline.OnPacket(Packets.Trace(timeNs), Packets.Tcp("10.0.0.1", "10.0.0.2"));

    private sealed class Disposables : IDisposable
    {
        private readonly List<object> _all = [];

        public T Add<T>(T item)
            where T : notnull
        {
            _all.Add(item);
            return item;
        }

        public void Dispose()
        {
            foreach (var item in _all)
            {
                (item as IDisposable)?.Dispose();
                (item as IAsyncDisposable)?.DisposeAsync().AsTask().GetAwaiter().GetResult();
            }
        }
    }
}
