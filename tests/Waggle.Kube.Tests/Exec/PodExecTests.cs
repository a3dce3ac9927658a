using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Waggle.Kube.Client;
using Waggle.Kube.Exec;

namespace Waggle.Kube.Tests.Exec;

public sealed class PodExecTests : IAsyncLifetime
{
    private FakeApi _api = null!;
    private KubeClient _client = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _api = await FakeApi.StartAsync();
        _client = _api.Client();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task Run_Echo_OutputErrorsAndExitCode()
    {
        Serve("v5.channel.k8s.io", async socket =>
        {
            var input = new StringBuilder();
            while (true)
            {
                var (channel, data) = await Receive(socket);
                if (channel == 255)
                {
                    Assert.Equal([0], data);
                    break;
                }

                Assert.Equal(0, channel);
                input.Append(Encoding.UTF8.GetString(data));
            }

            await Send(socket, 1, $"out:{input}");
            await Send(socket, 2, "err");
            await Send(socket, 3, """{"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"42"}]}}""");
        });
        var result = await _client.RunAsync("ns", "pod", ["sh", "-c", "x & y", ""], "main", "hello", Cancellation);

        Assert.Equal(new ExecResult(42, "out:hello", "err"), result);
        Assert.Equal("GET /api/v1/namespaces/ns/pods/pod/exec?container=main&command=sh&command=-c&command=x%20%26%20y&command=&stdin=true&stdout=true&stderr=true", _api.Requests.Single());
    }

    [Fact]
    public async Task Run_LargeOutputInFragments_Complete()
    {
        var text = string.Concat(Enumerable.Range(0, 200_000).Select(i => $"{i}\n"));
        Serve("v5.channel.k8s.io", async socket =>
        {
            var bytes = Encoding.UTF8.GetBytes("\u0001" + text);
            for (var at = 0; at < bytes.Length; at += 10_000)
            {
                var length = Math.Min(10_000, bytes.Length - at);
                await socket.SendAsync(bytes.AsMemory(at, length), WebSocketMessageType.Binary, at + length == bytes.Length, CancellationToken.None);
            }

            await Send(socket, 3, """{"status":"Success"}""");
        });
        var result = await _client.RunAsync("ns", "pod", ["seq"], cancellation: Cancellation);

        Assert.Equal(0, result.ExitCode);
        Assert.Equal(text, result.Stdout);
    }

    [Fact]
    public async Task Start_PodMissing_ServersWords()
    {
        var error = await Assert.ThrowsAsync<KubeApiException>(() => _client.StartAsync("ns", "pod", new() { Command = ["true"] }, Cancellation));

        Assert.True(error.IsNotFound);
        Assert.Contains("nothing here", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ExitCode_ConnectionLost_FailsInsteadOfHanging()
    {
        var connected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Serve("v5.channel.k8s.io", async socket =>
        {
            await connected.Task;
            socket.Abort();
        });
        await using var session = await _client.StartAsync("ns", "pod", new() { Command = ["true"] }, Cancellation);
        connected.SetResult();

        await Assert.ThrowsAsync<KubeApiException>(() => session.ExitCode);
        Assert.Equal(-1, session.Stdout!.ReadByte());
    }

    [Fact]
    public async Task ExitCode_CommandNotFound_ServersWords()
    {
        Serve("v4.channel.k8s.io", socket => Send(socket, 3, """{"status":"Failure","reason":"InternalError","code":500,"message":"no such program"}"""));
        await using var session = await _client.StartAsync("ns", "pod", new() { Command = ["nope"] }, Cancellation);
        var error = await Assert.ThrowsAsync<KubeApiException>(() => session.ExitCode);

        Assert.Contains("no such program", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resize_Terminal_SizeAsJson()
    {
        var size = new TaskCompletionSource<string>();
        Serve("v5.channel.k8s.io", async socket =>
        {
            var (channel, data) = await Receive(socket);
            size.SetResult($"{channel} {Encoding.UTF8.GetString(data)}");
            await Send(socket, 3, """{"status":"Success"}""");
        });
        await using var session = await _client.StartAsync("ns", "pod", new() { Command = ["sh"], Tty = true, Stdin = true }, Cancellation);
        await session.ResizeAsync(80, 24, Cancellation);

        Assert.Equal("""4 {"Width":80,"Height":24}""", await size.Task.WaitAsync(Cancellation));
        Assert.Null(session.Stderr);
    }

    private static async Task Send(WebSocket socket, byte channel, string text) =>
        await socket.SendAsync((byte[])[channel, .. Encoding.UTF8.GetBytes(text)], WebSocketMessageType.Binary, true, CancellationToken.None);

    private static async Task<(int Channel, byte[] Data)> Receive(WebSocket socket)
    {
        var buffer = new byte[4096];
        var part = await socket.ReceiveAsync(buffer, CancellationToken.None);
        return (buffer[0], buffer[1..part.Count]);
    }

    private void Serve(string protocol, Func<WebSocket, Task> body) => _api.Handler = async context =>
    {
        Assert.True(context.WebSockets.IsWebSocketRequest);
        Assert.Contains(protocol, context.WebSockets.WebSocketRequestedProtocols);
        using var socket = await context.WebSockets.AcceptWebSocketAsync(protocol);
        await body(socket);
        if (socket.State == WebSocketState.Open)
        {
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
    };
}
