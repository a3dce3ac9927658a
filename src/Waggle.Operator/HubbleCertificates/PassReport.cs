namespace Waggle.Operator.HubbleCertificates;

/// <summary>What a pass found.</summary>
/// <param name="Next">When there is something to do again.</param>
/// <param name="Ends">When each certificate ends.</param>
/// <param name="Warning">What a person must do, or null.</param>
internal sealed record PassReport(DateTimeOffset Next, IReadOnlyList<CertificateEnd> Ends, string? Warning);

/// <summary>When a certificate ends.</summary>
/// <param name="Secret">The Secret it is in.</param>
/// <param name="Key">Its key there.</param>
/// <param name="NotAfter">Its last moment.</param>
internal readonly record struct CertificateEnd(string Secret, string Key, DateTimeOffset NotAfter);
