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
            OnConnection = _ => ValueTask.FromResult(Options(files, requireClientCertificate, protocols)),
        });

    private static SslServerAuthenticationOptions Options(CertificateFiles files, bool requireClientCertificate, IReadOnlyList<SslApplicationProtocol> protocols)
    {
        var now = files.Current;
        return new SslServerAuthenticationOptions
        {
            ApplicationProtocols = [.. protocols],
            ServerCertificateContext = now.Context ?? throw new InvalidOperationException("there is no usable server certificate"),
            ClientCertificateRequired = requireClientCertificate,
            CertificateChainPolicy = RpcClientTls.Quiet(),
            RemoteCertificateValidationCallback = requireClientCertificate
                ? (_, peer, chain, errors) => now.Authorities.Count > 0 && RpcClientTls.Distrust(now.Authorities, peer, chain, errors, RpcClientTls.ForClients, files.Time) is null
                : null,
        };
    }
}
