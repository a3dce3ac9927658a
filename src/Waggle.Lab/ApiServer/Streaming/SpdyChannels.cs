using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Waggle.Lab.ApiServer;

/// <summary>The HTTP side of a change to SPDY/3.1.</summary>
internal static class SpdyUpgrade
{
    private const string ProtocolHeader = "X-Stream-Protocol-Version";

    public static bool IsRequested(HttpContext context) =>
        context.Request.Headers.Upgrade.ToString().Contains("SPDY/3.1", StringComparison.OrdinalIgnoreCase);

    /// <summary>The first of ours that the client offers; null when there is none.</summary>
    public static string? Protocol(HttpContext context, IEnumerable<string> ours)
    {
        var offered = context.Request.Headers[ProtocolHeader].SelectMany(v => (v ?? "").Split(',')).Select(p => p.Trim()).ToHashSet();
        return ours.FirstOrDefault(offered.Contains);
    }

    public static async Task<SpdyConnection> AcceptAsync(HttpContext context, string protocol)
    {
        context.Response.Headers.Upgrade = "SPDY/3.1";
        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers[ProtocolHeader] = protocol;
        return new SpdyConnection(await context.Features.Get<IHttpUpgradeFeature>()!.UpgradeAsync());
    }
}

/// <summary>exec and attach over SPDY: one stream for each channel, named by the header <c>streamType</c>.</summary>
internal sealed class SpdyChannels : IClientChannels
{
    public static readonly string[] Protocols = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io"];

    private static readonly TimeSpan s_openWithin = TimeSpan.FromSeconds(30);
    private readonly SpdyConnection _connection;
    private readonly Dictionary<string, SpdyStream> _streams;
    private readonly bool _structuredErrors;
    private readonly System.Threading.Channels.Channel<ClientMessage> _messages = System.Threading.Channels.Channel.CreateBounded<ClientMessage>(1);

    private SpdyChannels(SpdyConnection connection, Dictionary<string, SpdyStream> streams, bool structuredErrors)
    {
        _connection = connection;
        _streams = streams;
        _structuredErrors = structuredErrors;
    }

    /// <summary>Changes the protocol and waits until the client has opened the streams it announced.</summary>
    public static async Task<SpdyChannels> AcceptAsync(ApiRequest request, string protocol, HashSet<string> expected, CancellationToken cancellation)
    {
        if (protocol == "v2.channel.k8s.io")
        {
            expected.Remove("resize");
        }
        var connection = await SpdyUpgrade.AcceptAsync(request.Http, protocol);
        try
        {
            connection.Start(cancellation);
            var streams = new Dictionary<string, SpdyStream>();
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(s_openWithin);
            while (!expected.IsSubsetOf(streams.Keys))
            {
                var stream = await connection.Accepted.ReadAsync(limit.Token);
                streams.TryAdd(stream.Headers.GetValueOrDefault("streamtype", "").ToLowerInvariant(), stream);
            }
            var channels = new SpdyChannels(connection, streams, protocol == "v4.channel.k8s.io");
            channels.Follow(cancellation);
            return channels;
        }
        catch (Exception e) when (e is ChannelClosedException or OperationCanceledException)
        {
            await connection.DisposeAsync();
            throw new OperationCanceledException("the client did not open its streams", e);
        }
    }

    public async ValueTask<ClientMessage?> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            return await _messages.Reader.ReadAsync(cancellation);
        }
        catch (ChannelClosedException)
        {
            return null;
        }
    }

    public ValueTask WriteAsync(Channel channel, ReadOnlyMemory<byte> data, CancellationToken cancellation) =>
        _streams.TryGetValue(NameOf(channel), out var stream) ? stream.WriteAsync(data, cancellation) : ValueTask.CompletedTask;

    public async Task FinishAsync(JsonObject status, CancellationToken cancellation)
    {
        if (_structuredErrors)
        {
            await WriteAsync(Channel.Error, JsonText.Write(status), cancellation);
        }
        else if (J.Str(status, "status") != "Success")
        {
            await WriteAsync(Channel.Error, System.Text.Encoding.UTF8.GetBytes(J.Str(status, "message") ?? "failed"), cancellation);
        }
        foreach (var name in (string[])["error", "stdout", "stderr", "stdin", "resize"])
        {
            if (_streams.TryGetValue(name, out var stream))
            {
                await stream.CloseAsync(cancellation);
            }
        }
        // The client reads what is left and closes; cutting the connection at once could take the last bytes from it.
        await _connection.ClosedAsync(TimeSpan.FromSeconds(5));
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private void Follow(CancellationToken cancellation)
    {
        _ = FollowAsync(Channel.Stdin, cancellation);
        _ = FollowAsync(Channel.Resize, cancellation);
        // The client has gone when its connection ends, not when it closes stdin.
        _connection.Ended.Register(() => _messages.Writer.TryComplete());
    }

    private async Task FollowAsync(Channel channel, CancellationToken cancellation)
    {
        if (!_streams.TryGetValue(NameOf(channel), out var stream))
        {
            return;
        }
        try
        {
            await foreach (var data in stream.Incoming.ReadAllAsync(cancellation))
            {
                await _messages.Writer.WriteAsync(new ClientMessage(channel, data, false), cancellation);
            }
            if (channel == Channel.Stdin)
            {
                await _messages.Writer.WriteAsync(new ClientMessage(channel, default, true), cancellation);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            // The session is over.
        }
    }

    private static string NameOf(Channel channel) => channel switch
    {
        Channel.Stdin => "stdin",
        Channel.Stdout => "stdout",
        Channel.Stderr => "stderr",
        Channel.Error => "error",
        _ => "resize",
    };
}
