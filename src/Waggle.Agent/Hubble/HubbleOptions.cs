using System.Net;
using Waggle.Hosting.Config;
using Waggle.Hosting.Http;
using Waggle.Hubble.Ring;

namespace Waggle.Agent.Hubble;

/// <summary>The configuration of Hubble on this node.</summary>
internal sealed record HubbleOptions
{
    public required string SocketPath { get; init; }

    /// <summary>Null: only the unix socket.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary>2^n−1.</summary>
    public int Capacity { get; init; }

    public bool Tls { get; init; }

    public string CertificateFile { get; init; } = "";

    public string KeyFile { get; init; } = "";

    public IReadOnlyList<string> ClientAuthorityFiles { get; init; } = [];

    public bool PreferIpv6 { get; init; }

    /// <summary>What is wrong with the configuration, one sentence each.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    public static HubbleOptions Of(WaggleConfig config)
    {
        var problems = new List<string>();
        int wanted = config.Number("hubble-event-buffer-capacity"), capacity = wanted;
        if (!FlowRing.IsValidCapacity(wanted))
        {
            capacity = 1;
            while (capacity < wanted)
            {
                capacity = (capacity << 1) | 1;
            }

            problems.Add($"hubble-event-buffer-capacity: {wanted} is not a power of two less one; {capacity} is used");
        }

        IPEndPoint? listen = null;
        if (config["hubble-listen-address"] is { Length: > 0 } address && !HttpEndpoint.TryParseAddress(address, out listen))
        {
            problems.Add($"hubble-listen-address: \"{address}\" is not an address with a port, as in :4244; flows are served on the unix socket only");
        }

        if (config["hubble-redact-http-headers-allow"].Length > 0 && config["hubble-redact-http-headers-deny"].Length > 0)
        {
            problems.Add("hubble-redact-http-headers-allow and hubble-redact-http-headers-deny exclude each other; all headers are redacted");
        }

        return new HubbleOptions
        {
            SocketPath = config["hubble-socket-path"], Listen = listen, Capacity = capacity, Tls = !config.Flag("hubble-disable-tls"), CertificateFile = config["hubble-tls-cert-file"],
            KeyFile = config["hubble-tls-key-file"], PreferIpv6 = config.Flag("hubble-prefer-ipv6"), Problems = problems,
            ClientAuthorityFiles = config["hubble-tls-client-ca-files"].Split([' ', ','], StringSplitOptions.RemoveEmptyEntries),
        };
    }
}
