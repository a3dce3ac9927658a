using System.Net.Security;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Waggle.Hubble.Rpc.Client;

namespace Waggle.Hubble.Rpc.Tls;

/// <summary>TLS of the server side: files are looked at again for each connection, so they may rotate.</summary>
public static class ServerTls
{
    /// <summary>Makes a socket speak TLS.</summary>
    /// <param name="listen">The socket.</param>
    /// <param name="files">Certificate and, for clients, authorities.</param>
    /// <param name="requireClientCertificate">Refuse clients without a certificate of those authorities.</param>
    /// <param name="protocols">What may be spoken, most wanted first.</param>
    public static void Use(ListenOptions listen, CertificateFiles files, bool requireClientCertificate, params IReadOnlyList<SslApplicationProtocol> protocols) =>
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            HandshakeTimeout = TimeSpan.FromSeconds(10),
            OnConnection = _ => ValueTask.FromResult(Options(files.Current, requireClientCertificate, protocols)),
        });

    private static SslServerAuthenticationOptions Options(CertificateSet files, bool requireClientCertificate, IReadOnlyList<SslApplicationProtocol> protocols) => new()
    {
        ApplicationProtocols = [.. protocols],
        ServerCertificateContext = files.Certificate is null ? throw new InvalidOperationException("there is no usable server certificate")
            : SslStreamCertificateContext.Create(files.Certificate, files.Intermediates, offline: true),
        ClientCertificateRequired = requireClientCertificate,
        RemoteCertificateValidationCallback = requireClientCertificate
            ? (_, peer, chain, errors) => files.Authorities.Count > 0 && RpcClientTls.Trusts(files.Authorities, peer, chain, errors)
            : null,
    };
}
