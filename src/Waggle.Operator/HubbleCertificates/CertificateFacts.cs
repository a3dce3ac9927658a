using System.Security.Cryptography.X509Certificates;

namespace Waggle.Operator.HubbleCertificates;

/// <summary>What a certificate says of itself, in the words of this folder.</summary>
internal static class CertificateFacts
{
    /// <summary>Its last moment, UTC.</summary>
    public static DateTimeOffset Ends(this X509Certificate2 certificate) => certificate.NotAfter.ToUniversalTime();

    /// <summary>When this part of its life is over.</summary>
    public static DateTimeOffset After(this X509Certificate2 certificate, int percent)
    {
        DateTimeOffset begins = certificate.NotBefore.ToUniversalTime();
        return begins + ((certificate.Ends() - begins) * (percent / 100.0));
    }

    public static bool Holds(this IEnumerable<X509Certificate2> all, X509Certificate2 certificate) =>
        all.Any(one => one.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span));
}
