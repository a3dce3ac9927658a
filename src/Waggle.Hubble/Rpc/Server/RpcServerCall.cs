using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace Waggle.Hubble.Rpc.Server;

/// <summary>What a method may know of the call it serves.</summary>
public sealed class RpcServerCall
{
    private readonly HttpContext _context;

    internal RpcServerCall(HttpContext context, CancellationToken cancellation) => (_context, Cancellation) = (context, cancellation);

    /// <summary>Cancelled when the client went away, cancelled, the deadline passed, or the server stops.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>Address of the client, for logs; empty for unix sockets.</summary>
    public string Peer => _context.Connection.RemoteIpAddress is { } ip ? $"{ip}:{_context.Connection.RemotePort.ToString(CultureInfo.InvariantCulture)}" : "";

    /// <summary>The client's certificate, if it showed one.</summary>
    public X509Certificate2? ClientCertificate => _context.Connection.ClientCertificate;

    /// <summary>A header of the request, or null.</summary>
    public string? Header(string name) => _context.Request.Headers.TryGetValue(name, out var values) ? values.ToString() : null;
}

/// <summary>Where a streaming method writes its responses. One writer at a time.</summary>
public interface IRpcWriter<in TResponse>
    where TResponse : class, IMessage<TResponse>
{
    /// <summary>Bytes written since the last flush.</summary>
    int Unflushed { get; }

    /// <summary>Appends to what is sent with the next flush. Does not wait: flush regularly.</summary>
    void Write(TResponse message);

    /// <summary>Appends whole frames; what is in them must be messages of this type.</summary>
    void WriteFrames(ReadOnlySpan<byte> frames);

    /// <summary>Sends; waits while the client does not read.</summary>
    ValueTask FlushAsync();

    /// <summary>Writes and sends.</summary>
    ValueTask WriteAsync(TResponse message)
    {
        Write(message);
        return FlushAsync();
    }
}
