using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Hubble.Protocol.Health;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;
using Waggle.Hubble.Rpc.Server;
using Waggle.Hubble.Tests.Shared;
using static Waggle.Tests.Shared.Eventually;

namespace Waggle.Hubble.Tests.Rpc;

/// <summary>Connections that wear a server out: each costs little, and others are served meanwhile and after.</summary>
public sealed class HostileConnectionTests
{
    private const string GetFlows = "/observer.Observer/GetFlows";
    private static readonly byte[] Follow = Message(new GetFlowsRequest { Follow = true });

    [Fact]
    public async Task Calls_ThatAreResetAtOnce_LeaveNothingBehind()
    {
        await using var server = await TestServer.StartAsync();
        await using (var raw = await RawClient.ConnectAsync(server.SocketPath))
        {
            try
            {
                for (var call = 1; call < 20_000; call += 2)
                {
                    await raw.SendAsync([.. RawClient.Frame(RawClient.Headers, 4, call, RawClient.Call(GetFlows)), .. RawClient.Frame(RawClient.Data, 1, call, Follow), .. RawClient.Frame(RawClient.Reset, 0, call, [0, 0, 0, 8])]);
                    Assert.True(server.Observer.Streams <= 1024);
                }
            }
            catch (IOException)
            {
                // The server had enough of it.
            }

            await CheckAsync(server);
        }

        await UntilAsync(() => server.Observer.Streams == 0);
        await CheckAsync(server);
    }

    [Fact]
    public async Task Streams_BeyondTheLimitOfAConnection_AreRefused()
    {
        await using var server = await TestServer.StartAsync();
        await using var raw = await RawClient.ConnectAsync(server.SocketPath);
        const int Calls = 300;
        for (var i = 0; i < Calls; i++)
        {
            await raw.SendAsync([.. RawClient.Frame(RawClient.Headers, 4, (2 * i) + 1, RawClient.Call(GetFlows)), .. RawClient.Frame(RawClient.Data, 1, (2 * i) + 1, Follow)]);
        }

        for (var refused = 0; refused < Calls - 256;)
        {
            var frame = await raw.ReadAsync() ?? throw new IOException("the server closed the connection");
            if (frame.Type == RawClient.Reset)
            {
                refused++;
                Assert.Equal(7u, BinaryPrimitives.ReadUInt32BigEndian(frame.Payload)); // REFUSED_STREAM: the client may try again
            }
        }

        await UntilAsync(() => server.Observer.Streams == 256);
        await CheckAsync(server);
    }

    [Fact]
    public async Task Headers_OfThousandsOfFields_AreRefused()
    {
        await using var server = await TestServer.StartAsync();
        await using (var raw = await RawClient.ConnectAsync(server.SocketPath))
        {
            try
            {
                await raw.SendAsync(RawClient.Headers, 0, 1, RawClient.Call(GetFlows));
                for (var i = 0; i < 100_000; i++)
                {
                    await raw.SendAsync(9, 0, 1, RawClient.Field("x", new string('y', 100)));
                }

                Assert.Fail("10 MB of headers were taken");
            }
            catch (IOException)
            {
            }
        }

        await CheckAsync(server);
    }

    [Fact]
    public async Task Metadata_ThatIsTooLarge_IsAnHttpError()
    {
        await using var server = await TestServer.StartAsync();
        using var client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(server.SocketPath), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://localhost" + GetFlows)
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(Follow) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
        };
        for (var i = 0; i < 40; i++)
        {
            request.Headers.Add($"x-{i}", new string('y', 500));
        }

        HttpStatusCode? code = null;
        try
        {
            using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
            code = response.StatusCode;
        }
        catch (HttpRequestException)
        {
            // Or the connection ends.
        }

        Assert.NotEqual(HttpStatusCode.OK, code);
        Assert.Equal(0, server.Observer.Streams);
        await CheckAsync(server);
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0, 0, 0 })]
    [InlineData(new byte[] { 0, 0, 0, 0, 2, 8 })]
    public async Task Request_ThatNeverComes_IsNotWaitedForForEver(byte[] begun)
    {
        using var rig = await RigAsync(new RpcServer(NullLogger<RpcServer>.Instance) { RequestTimeout = TimeSpan.FromMilliseconds(300) });
        await using var raw = await RawClient.ConnectAsync(rig.Path);
        await raw.SendAsync([.. RawClient.Frame(RawClient.Headers, 4, 1, RawClient.Call("/grpc.health.v1.Health/Check")), .. RawClient.Frame(RawClient.Data, 0, 1, begun)]);
        while (await raw.ReadAsync() is { } frame)
        {
            if (frame is { Type: RawClient.Headers, Stream: 1 })
            {
                return; // a status
            }
        }

        Assert.Fail("no answer");
    }

    [Fact]
    public async Task Calls_BeyondTheLimitOfTheServer_AreTurnedAway_AndServedLater()
    {
        using var rig = await RigAsync(new RpcServer(NullLogger<RpcServer>.Instance) { MaxCalls = 4 });
        using var channel = new RpcChannel(RpcTarget.Unix(rig.Path));
        using var stop = new CancellationTokenSource();
        var watching = new List<IAsyncEnumerator<HealthCheckResponse>>();
        for (var i = 0; i < 4; i++)
        {
            watching.Add(channel.StreamAsync(HubbleMethods.HealthWatch, new HealthCheckRequest(), cancellation: stop.Token).GetAsyncEnumerator(TestContext.Current.CancellationToken));
            Assert.True(await watching[^1].MoveNextAsync());
        }

        var e = await Assert.ThrowsAsync<RpcException>(() => channel.CallAsync(HubbleMethods.HealthCheck, new HealthCheckRequest(), TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        Assert.Equal(RpcStatusCode.ResourceExhausted, e.Code);
        await watching[0].DisposeAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                await channel.CallAsync(HubbleMethods.HealthCheck, new HealthCheckRequest(), cancellation: limit.Token);
                break;
            }
            catch (RpcException again) when (again.Code == RpcStatusCode.ResourceExhausted)
            {
                await Task.Delay(10, limit.Token);
            }
        }

        await stop.CancelAsync();
        foreach (var watch in watching)
        {
            await watch.DisposeAsync();
        }
    }

    private static byte[] Message(IMessage message)
    {
        byte[] frame = [0, 0, 0, 0, 0, .. message.ToByteArray()];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), frame.Length - 5);
        return frame;
    }

    private static async Task CheckAsync(TestServer server)
    {
        using var channel = server.Connect();
        await channel.CallAsync(HubbleMethods.HealthCheck, new HealthCheckRequest(), TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    private static async Task<Rig> RigAsync(RpcServer server)
    {
        _ = new RpcHealth(server);
        var rig = new Rig();
        rig.Listener = await RpcListener.UnixAsync(rig.Path, server, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
        return rig;
    }

    private sealed class Rig : IDisposable
    {
        private readonly string _directory = Directory.CreateTempSubdirectory("wgt-rig-").FullName;

        public RpcListener? Listener { get; set; }

        public string Path => System.IO.Path.Combine(_directory, "hubble.sock");

        public void Dispose()
        {
            Listener?.DisposeAsync().AsTask().GetAwaiter().GetResult();
            Directory.Delete(_directory, recursive: true);
        }
    }
}
