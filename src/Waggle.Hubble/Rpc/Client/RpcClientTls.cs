using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Waggle.Hubble.Rpc.Client;

/// <summary>TLS of the client side: own authorities, changing certificates.</summary>
internal static class RpcClientTls
{
    public static SslClientAuthenticationOptions Options(RpcTlsOptions tls, string host) => new()
    {
        TargetHost = tls.ServerName ?? host,
        LocalCertificateSelectionCallback = tls.ClientCertificate is { } certificate ? (_, _, _, _, _) => certificate()! : null,
        RemoteCertificateValidationCallback = tls.AllowInsecure ? (_, _, _, _) => true
            : tls.Authorities is { } authorities ? (_, peer, chain, errors) => Trusts(authorities(), peer, chain, errors)
            : null,
    };

    /// <summary>Name and chain are judged; the chain against these authorities only, if there are any.</summary>
    internal static bool Trusts(X509Certificate2Collection authorities, X509Certificate? peer, X509Chain? presented, SslPolicyErrors errors)
    {
        if (authorities.Count == 0)
        {
            return errors == SslPolicyErrors.None;
        }

        if (peer is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        if (presented is not null)
        {
            foreach (var element in presented.ChainElements)
            {
                chain.ChainPolicy.ExtraStore.Add(element.Certificate);
            }
        }

        using var certificate = X509CertificateLoader.LoadCertificate(peer.GetRawCertData());
        return chain.Build(certificate);
    }
}
