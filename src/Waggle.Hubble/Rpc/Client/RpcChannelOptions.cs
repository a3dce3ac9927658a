using System.Security.Cryptography.X509Certificates;

namespace Waggle.Hubble.Rpc.Client;

/// <summary>How a client proves who it is and whom it trusts. The functions are asked for each connection, so files may rotate.</summary>
public sealed class RpcTlsOptions
{
    /// <summary>Authorities to trust; null or an empty collection: those of the system.</summary>
    public Func<X509Certificate2Collection>? Authorities { get; init; }

    /// <summary>The client's certificate with its private key, or null.</summary>
    public Func<X509Certificate2?>? ClientCertificate { get; init; }

    /// <summary>Name that the server's certificate must carry; null: the target's host. "*.x" matches one label on the server's side.</summary>
    public string? ServerName { get; init; }

    /// <summary>Trust any certificate (for trials only).</summary>
    public bool AllowInsecure { get; init; }

    /// <summary>Clock by which certificates have begun and not ended.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>How a client connects.</summary>
public sealed class RpcChannelOptions
{
    /// <summary>TLS; null: none, unless the target says <c>tls://</c>.</summary>
    public RpcTlsOptions? Tls { get; init; }

    /// <summary>Time to connect, TLS included.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Age from which a connection gets no new calls: the next one is made with the certificates of then. Calls that are open go on.
    /// </summary>
    public TimeSpan ConnectionLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Makes the connection another way than to the target's address; TLS comes on top.</summary>
    public Func<CancellationToken, ValueTask<Stream>>? Connect { get; init; }

    /// <summary>Largest message accepted, bytes.</summary>
    public int MaxMessageBytes { get; init; } = 4 << 20;

    /// <summary>Silence after which the server is asked for a sign of life; the connection ends if none comes for the same time.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Sent with every call, for example <c>authorization</c>.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Ask for gzip and accept it.</summary>
    public bool AcceptGzip { get; init; } = true;
}
