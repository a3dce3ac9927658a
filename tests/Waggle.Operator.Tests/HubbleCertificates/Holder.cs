using System.Security.Cryptography.X509Certificates;
using System.Text;
using Waggle.Kube.Resources;

namespace Waggle.Operator.Tests.HubbleCertificates;

/// <summary>An agent or a relay with what it read from its Secret at some time.</summary>
internal sealed record Holder(Secret Secret)
{
    public X509Certificate2 Certificate => X509Certificate2.CreateFromPem(Text("tls.crt"));

    public X509Certificate2Collection Authorities
    {
        get
        {
            var all = new X509Certificate2Collection();
            all.ImportFromPem(Text("ca.crt"));
            return all;
        }
    }

    public string Text(string key) => Encoding.UTF8.GetString(Convert.FromBase64String(Secret.Data[key]));

    /// <summary>Whether it takes another's certificate, as a TLS peer would.</summary>
    public bool Trusts(Holder other, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(Authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        return chain.Build(other.Certificate);
    }
}
