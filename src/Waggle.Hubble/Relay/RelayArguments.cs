namespace Waggle.Hubble.Relay;

/// <summary>How a relay is started; names of flags as <c>hubble-relay serve</c> has them.</summary>
public sealed record RelayArguments
{
    private const string Known = "--listen-address, --peer-service, --cluster-name, --metrics-listen-address, --disable-server-tls, --disable-client-tls, --tls-hubble-server-ca-files, "
        + "--tls-relay-client-cert-file, --tls-relay-client-key-file, --tls-relay-server-cert-file, --tls-relay-server-key-file, --tls-relay-client-ca-files, --sort-buffer-drain-timeout, --dial-timeout, --debug";

    /// <summary>Where clients connect.</summary>
    public string ListenAddress { get; init; } = ":4245";

    /// <summary>Who names the nodes.</summary>
    public string PeerService { get; init; } = "unix:///var/run/cilium/hubble.sock";

    /// <summary>Name of the cluster, in what the relay says itself.</summary>
    public string ClusterName { get; init; } = "default";

    /// <summary>Address of /metrics; empty: none.</summary>
    public string MetricsAddress { get; init; } = "";

    /// <summary>Serve clients without TLS.</summary>
    public bool DisableServerTls { get; init; }

    /// <summary>Talk to nodes without TLS, whatever the peer service says.</summary>
    public bool DisableClientTls { get; init; }

    public IReadOnlyList<string> HubbleServerAuthorityFiles { get; init; } = [];

    public string ClientCertificateFile { get; init; } = "";

    public string ClientKeyFile { get; init; } = "";

    public string ServerCertificateFile { get; init; } = "";

    public string ServerKeyFile { get; init; } = "";

    public IReadOnlyList<string> ClientAuthorityFiles { get; init; } = [];

    public bool Debug { get; init; }

    /// <summary>Reads flags; a first word "serve" is allowed.</summary>
    /// <exception cref="ArgumentException">An argument is unknown or lacks its value.</exception>
    public static RelayArguments Parse(IReadOnlyList<string> arguments)
    {
        var result = new RelayArguments();
        for (var i = arguments.Count > 0 && arguments[0] == "serve" ? 1 : 0; i < arguments.Count; i++)
        {
            var (name, value) = (arguments[i], "");
            var equals = name.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                (name, value) = (name[..equals], name[(equals + 1)..]);
            }
            else if (name is not ("--disable-server-tls" or "--disable-client-tls" or "--debug"))
            {
                value = ++i < arguments.Count ? arguments[i] : throw new ArgumentException($"{name} needs a value");
            }

            var files = value.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries);
            result = name switch
            {
                "--listen-address" => result with { ListenAddress = value },
                "--peer-service" => result with { PeerService = value },
                "--cluster-name" => result with { ClusterName = value },
                "--metrics-listen-address" => result with { MetricsAddress = value },
                "--disable-server-tls" => result with { DisableServerTls = value is "" or "true" },
                "--disable-client-tls" => result with { DisableClientTls = value is "" or "true" },
                "--tls-hubble-server-ca-files" => result with { HubbleServerAuthorityFiles = files },
                "--tls-relay-client-cert-file" => result with { ClientCertificateFile = value },
                "--tls-relay-client-key-file" => result with { ClientKeyFile = value },
                "--tls-relay-server-cert-file" => result with { ServerCertificateFile = value },
                "--tls-relay-server-key-file" => result with { ServerKeyFile = value },
                "--tls-relay-client-ca-files" => result with { ClientAuthorityFiles = files },
                "--debug" => result with { Debug = value is "" or "true" },
                "--dial-timeout" or "--retry-timeout" or "--sort-buffer-len-max" or "--sort-buffer-drain-timeout" => result, // nothing to set here
                _ => throw new ArgumentException($"unknown argument {name}; known: {Known}"),
            };
        }

        return result;
    }
}
