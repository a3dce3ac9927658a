using Waggle.Hosting.Config;

namespace Waggle.Operator.HubbleCertificates;

/// <summary>How long certificates are good, and when new ones are made.</summary>
internal sealed record CertificateOptions
{
    /// <summary>Life of <c>hubble-server-certs</c>.</summary>
    public TimeSpan ServerValidity { get; init; } = TimeSpan.FromDays(365);

    /// <summary>Life of <c>hubble-relay-client-certs</c>.</summary>
    public TimeSpan ClientValidity { get; init; } = TimeSpan.FromDays(365);

    /// <summary>Life of an authority that is made here.</summary>
    public TimeSpan AuthorityValidity { get; init; } = TimeSpan.FromDays(3 * 365);

    /// <summary>Part of its life after which a certificate is made anew, percent.</summary>
    public int RenewalPercent { get; init; } = 66;

    /// <summary>Part of its life after which an authority's successor is made, percent.</summary>
    public int AuthorityRenewalPercent { get; init; } = 66;

    /// <summary>How long a new authority is trusted before it signs, and an old one after it signed last.</summary>
    public TimeSpan Overlap { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Name of the cluster as it stands in certificates.</summary>
    public string Cluster { get; init; } = "default";

    public static CertificateOptions From(WaggleConfig config) => new()
    {
        ServerValidity = config.Duration("hubble-server-cert-validity-duration"),
        ClientValidity = config.Duration("hubble-relay-client-cert-validity-duration"),
        AuthorityValidity = config.Duration("hubble-ca-validity-duration"),
        RenewalPercent = config.Number("hubble-cert-renewal-percent"),
        AuthorityRenewalPercent = config.Number("hubble-ca-renewal-percent"),
        Overlap = config.Duration("hubble-ca-overlap"),
        Cluster = config["cluster-name"].Replace('.', '-'),
    };
}
