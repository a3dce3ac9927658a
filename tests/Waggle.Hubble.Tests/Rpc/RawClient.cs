using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Waggle.Hubble.Tests.Rpc;

/// <summary>A client that speaks HTTP/2 frame by frame (RFC 9113), so that it may break every custom.</summary>
internal sealed class RawClient : IAsyncDisposable
{
    public const byte Data = 0, Headers = 1, Reset = 3, Settings = 4, GoAway = 7;
    private readonly NetworkStream _stream;

    private RawClient(NetworkStream stream) => _stream = stream;

    public static async Task<RawClient> ConnectAsync(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), TestContext.Current.CancellationToken);
        var client = new RawClient(new NetworkStream(socket, ownsSocket: true));
        await client._stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await client.SendAsync(Settings, 0, 0, []);
        return client;
    }

    /// <summary>Headers of a gRPC call, without compression (RFC 7541, 6.2.2).</summary>
    public static byte[] Call(string path) => [0x83, 0x86, .. Field(":path", path), .. Field(":authority", "localhost"), .. Field("content-type", "application/grpc"), .. Field("te", "trailers")];

    public static byte[] Field(string name, string value) => [0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];

    public ValueTask SendAsync(byte type, byte flags, int stream, ReadOnlySpan<byte> payload) => SendAsync(Frame(type, flags, stream, payload));

    public ValueTask SendAsync(byte[] frames) => _stream.WriteAsync(frames, TestContext.Current.CancellationToken);

    public static byte[] Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload) => Relay.RawNode.Frame(type, flags, stream, payload);

    /// <summary>The next frame; null: the server closed.</summary>
    public async Task<(byte Type, int Stream, byte[] Payload)?> ReadAsync()
    {
        try
        {
            var head = new byte[9];
            await _stream.ReadExactlyAsync(head, TestContext.Current.CancellationToken);
            var payload = new byte[(head[0] << 16) | (head[1] << 8) | head[2]];
            await _stream.ReadExactlyAsync(payload, TestContext.Current.CancellationToken);
            return (head[3], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)), payload);
        }
        catch (IOException)
        {
            return null;
        }
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
