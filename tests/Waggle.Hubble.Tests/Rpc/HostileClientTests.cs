using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Google.Protobuf;
using Waggle.Hubble.Protocol.Health;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Protocol.ReflectionV1;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Tests.Shared;
using static Waggle.Tests.Shared.Eventually;

namespace Waggle.Hubble.Tests.Rpc;

/// <summary>Requests that no proper client sends, byte by byte.</summary>
public sealed class HostileClientTests
{
    private const string Status = "/observer.Observer/ServerStatus";

    [Theory]
    [InlineData("/observer.Observer/Nonsense", 12)]
    [InlineData("/", 12)]
    public async Task Call_OfAnUnknownMethod_IsUnimplemented(string path, int expected)
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal(expected, (await SendAsync(server, path, Frame([]))).Code);
    }

    [Fact]
    public async Task Call_WithAnEmptyBody_IsInternal()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal(13, (await SendAsync(server, Status, [])).Code);
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0, 9, 1 }, 13)] // ends inside the message
    [InlineData(new byte[] { 0, 0 }, 13)] // ends inside the prefix
    [InlineData(new byte[] { 7, 0, 0, 0, 0 }, 13)] // flag
    [InlineData(new byte[] { 0, 255, 255, 255, 255 }, 8)] // 4 GiB announced
    [InlineData(new byte[] { 1, 0, 0, 0, 0 }, 12)] // compressed, but nobody said how
    [InlineData(new byte[] { 0, 0, 0, 0, 3, 255, 255, 255 }, 13)] // not protobuf
    public async Task Call_WithAMalformedFrame_GetsAStatus(byte[] body, int expected)
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal(expected, (await SendAsync(server, Status, body)).Code);
    }

    [Fact]
    public async Task Call_WithTwoRequests_IsInternal()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal(13, (await SendAsync(server, Status, [.. Frame([]), .. Frame([])])).Code);
    }

    [Fact]
    public async Task Call_WithADecompressionBomb_IsRefused()
    {
        await using var server = await TestServer.StartAsync();
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            gzip.Write(new byte[64 << 20]);
        }

        Assert.Equal(8, (await SendAsync(server, Status, Frame(packed.ToArray(), 1), ("grpc-encoding", "gzip"))).Code);
        Assert.Equal(13, (await SendAsync(server, Status, Frame([1, 2, 3], 1), ("grpc-encoding", "gzip"))).Code);
    }

    [Fact]
    public async Task Call_WithGzip_IsUnderstood()
    {
        await using var server = await TestServer.StartAsync();
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(new GetFlowsRequest { Number = 1 }.ToByteArray());
        }

        Assert.Equal(0, (await SendAsync(server, "/observer.Observer/GetFlows", Frame(packed.ToArray(), 1), ("grpc-encoding", "gzip"))).Code);
    }

    [Theory]
    [InlineData("grpc-encoding", "snappy", 12)]
    [InlineData("grpc-timeout", "soon", 13)]
    public async Task Call_WithABadHeader_GetsAStatus(string name, string value, int expected)
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal(expected, (await SendAsync(server, Status, Frame([]), (name, value))).Code);
    }

    [Fact]
    public async Task Call_ThatIsNoGrpc_IsAnHttpError()
    {
        await using var server = await TestServer.StartAsync();
        using var client = Client(server);
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://localhost/") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Fact]
    public async Task Stream_PastItsDeadline_EndsOnBothSides()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Connect();
        var e = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            await foreach (var _ in channel.StreamAsync(HubbleMethods.GetFlows, new GetFlowsRequest { Follow = true }, TimeSpan.FromMilliseconds(200), TestContext.Current.CancellationToken))
            {
            }
        });
        Assert.Equal(RpcStatusCode.DeadlineExceeded, e.Code);
        Assert.Equal(4, (await SendAsync(server, "/observer.Observer/GetFlows", Frame(new GetFlowsRequest { Follow = true }.ToByteArray()), ("grpc-timeout", "100m"))).Code);
        await UntilAsync(() => server.Observer.Streams == 0);
    }

    [Fact]
    public async Task Stream_OfAClientThatLeaves_EndsAtTheServer()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Connect();
        server.Pipeline.OnPacket(Packets.Trace(1), Packets.Tcp("10.0.0.1", "10.0.0.2"));
        await foreach (var _ in channel.StreamAsync(HubbleMethods.GetFlows, new GetFlowsRequest { Follow = true, Number = 1 }, cancellation: TestContext.Current.CancellationToken))
        {
            Assert.Equal(1, server.Observer.Streams);
            break;
        }

        await UntilAsync(() => server.Observer.Streams == 0);
    }

    [Fact]
    public async Task Health_OfServices_IsTold()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Connect();
        Task<HealthCheckResponse> Check(string service) => channel.CallAsync(HubbleMethods.HealthCheck, new HealthCheckRequest { Service = service }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await Check("observer.Observer")).Status);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await Check("hubble.server.Observer")).Status); // what stock clients ask
        server.Health.Serving = false;
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, (await Check("")).Status);
        Assert.Equal(RpcStatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(() => Check("x.Y"))).Code);
    }

    [Fact]
    public async Task Reflection_ListsServices_AndDescribesThem()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Connect();
        await using var call = channel.Duplex(HubbleMethods.ReflectionV1, cancellation: TestContext.Current.CancellationToken);
        await call.SendAsync(new ServerReflectionRequest { ListServices = "" });
        await call.SendAsync(new ServerReflectionRequest { FileContainingSymbol = "flow.FlowFilter.source_pod" });
        await call.SendAsync(new ServerReflectionRequest { FileByFilename = "nothing.proto" });
        call.CompleteSending();
        var answers = new List<ServerReflectionResponse>();
        await foreach (var answer in call.ReadAllAsync())
        {
            answers.Add(answer);
        }

        Assert.Contains("observer.Observer", answers[0].ListServicesResponse.Service.Select(s => s.Name));
        Assert.Contains(answers[1].FileDescriptorResponse.FileDescriptorProto, f => f.ToStringUtf8().Contains("flow/flow.proto", StringComparison.Ordinal));
        Assert.Equal(5, answers[2].ErrorResponse.ErrorCode);
    }

    private static byte[] Frame(byte[] message, byte flag = 0)
    {
        byte[] frame = [flag, 0, 0, 0, 0, .. message];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        return frame;
    }

    private static HttpMessageInvoker Client(TestServer server) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(server.SocketPath), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    });

    private static async Task<(int Code, string Message)> SendAsync(TestServer server, string path, byte[] body, params (string Name, string Value)[] headers)
    {
        using var client = Client(server);
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://localhost" + path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
        };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        var from = response.Headers.Contains("grpc-status") ? (HttpHeaders)response.Headers : response.TrailingHeaders;
        return (int.Parse(from.GetValues("grpc-status").Single()), from.TryGetValues("grpc-message", out var text) ? text.Single() : "");
    }
}
