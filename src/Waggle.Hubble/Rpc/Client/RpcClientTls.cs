using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Waggle.Hubble.Rpc.Client;

/// <summary>TLS of the client side: own authorities, changing certificates. Judging a peer is the same on both sides.</summary>
internal static class RpcClientTls
{
    /// <summary>What a peer's certificate must be good for.</summary>
    internal const string ForServers = "1.3.6.1.5.5.7.3.1", ForClients = "1.3.6.1.5.5.7.3.2";

    public static SslClientAuthenticationOptions Options(RpcTlsOptions tls, string host)
    {
        var name = tls.ServerName ?? host;
        return new SslClientAuthenticationOptions
        {
            TargetHost = name,
            LocalCertificateSelectionCallback = tls.ClientCertificate is { } certificate ? (_, _, _, _, _) => certificate()! : null,
            CertificateChainPolicy = tls.Authorities is null && !tls.AllowInsecure ? null : Quiet(),
            RemoteCertificateValidationCallback = tls.AllowInsecure ? (_, _, _, _) => true
                : tls.Authorities is { } authorities ? (_, peer, chain, errors) => Distrust(authorities(), peer, chain, errors, ForServers, tls.Time) is not { } problem ? true
                    : throw new AuthenticationException($"the server's certificate is refused: {((errors & SslPolicyErrors.RemoteCertificateNameMismatch) != 0 ? $"it is not for {name}" : problem)}")
                : null,
        };
    }

    /// <summary>A first look at a chain that asks nobody: a peer's certificate may name places to fetch others from.</summary>
    internal static X509ChainPolicy Quiet() => new()
    {
        DisableCertificateDownloads = true,
        RevocationMode = X509RevocationMode.NoCheck,
        TrustMode = X509ChainTrustMode.CustomRootTrust,
    };

    /// <summary>Name, chain, time and purpose are judged; the chain against these authorities only, if there are any.</summary>
    /// <returns>Null: trusted; else why not.</returns>
    internal static string? Distrust(X509Certificate2Collection authorities, X509Certificate? peer, X509Chain? presented, SslPolicyErrors errors, string purpose, TimeProvider time)
    {
        if (peer is null || (errors & SslPolicyErrors.RemoteCertificateNotAvailable) != 0)
        {
            return "there is none";
        }

        if ((errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0)
        {
            return "it is for another name";
        }

        using var chain = new X509Chain { ChainPolicy = Quiet() };
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(purpose));
        chain.ChainPolicy.VerificationTimeIgnored = false;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        if (authorities.Count == 0)
        {
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.System;
        }
        else
        {
            chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        if (presented is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        }

        using var certificate = X509CertificateLoader.LoadCertificate(peer.GetRawCertData());
        return chain.Build(certificate) ? null : Describe(chain, certificate);
    }

    private static string Describe(X509Chain chain, X509Certificate2 certificate)
    {
        var status = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, s) => all | s.Status);
        return (status & X509ChainStatusFlags.NotTimeValid) != 0 ? $"it is good from {certificate.NotBefore.ToUniversalTime():u} to {certificate.NotAfter.ToUniversalTime():u}"
            : (status & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != 0 ? "it is of an authority that is not trusted"
            : status.ToString();
    }
}
