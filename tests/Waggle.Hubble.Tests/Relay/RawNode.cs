using System.Net.Sockets;

namespace Waggle.Hubble.Tests.Relay;

/// <summary>A node that speaks HTTP/2 frame by frame, as a test wants, to whoever connects.</summary>
internal sealed class RawNode : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("wgt-raw-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Task _serving;

    /// <param name="answer">Gets the stream and the number of the call to answer.</param>
    public RawNode(Func<NetworkStream, int, CancellationToken, Task> answer)
    {
        _listener.Bind(new UnixDomainSocketEndPoint(Path));
        _listener.Listen();
        _serving = Task.Run(() => ServeAsync(answer));
    }

    public string Path => System.IO.Path.Combine(_directory, "hubble.sock");

    /// <summary>One frame (RFC 9113, 4.1).</summary>
    public static byte[] Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload) =>
        [(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, (byte)(stream >> 24), (byte)(stream >> 16), (byte)(stream >> 8), (byte)stream, .. payload];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _serving;
        Directory.Delete(_directory, recursive: true);
    }

    private async Task ServeAsync(Func<NetworkStream, int, CancellationToken, Task> answer)
    {
        var all = new List<Task>();
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync(_stop.Token);
                all.Add(Task.Run(() => TalkAsync(socket, answer)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(all);
        }
    }

    private async Task TalkAsync(Socket socket, Func<NetworkStream, int, CancellationToken, Task> answer)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            await stream.ReadExactlyAsync(new byte[24], _stop.Token); // the preface
            await stream.WriteAsync(Frame(4, 0, 0, []), _stop.Token);
            var head = new byte[9];
            while (true)
            {
                await stream.ReadExactlyAsync(head, _stop.Token);
                var payload = new byte[(head[0] << 16) | (head[1] << 8) | head[2]];
                await stream.ReadExactlyAsync(payload, _stop.Token);
                if (head[3] == 4 && (head[4] & 1) == 0)
                {
                    await stream.WriteAsync(Frame(4, 1, 0, []), _stop.Token);
                }
                else if (head[3] == 1)
                {
                    await answer(stream, (head[5] << 24) | (head[6] << 16) | (head[7] << 8) | head[8], _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
        }
    }
}
