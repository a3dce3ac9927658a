using Waggle.Cli;

namespace Waggle.Commands.Hubble.Settings;

/// <summary>The flags of the tool itself: whom to ask and how. They may stand before or after the command's name.</summary>
internal sealed class HubbleFlags
{
    private const string Server = "Server flags";

    public Flag<string?> Config { get; } = new("--config", "configuration file (default $XDG_CONFIG_HOME/hubble/config.yaml, then ~/.hubble/config.yaml)") { Group = "Tool flags", Recursive = true, HelpName = "FILE" };

    public Flag<bool> Debug { get; } = new("--debug", "tell what is asked and show all node status messages", "-D") { Group = "Tool flags", Recursive = true };

    public Flag<string?> Address { get; } = new("--server", "server: HOST:PORT, tls://HOST:PORT or unix:///PATH (default localhost:4245; on a node, the agent's socket)") { Group = Server, Recursive = true, HelpName = "ADDRESS" };

    public Flag<string?> Timeout { get; } = new("--timeout", "time to connect (default 5s)") { Group = Server, Recursive = true, HelpName = "DURATION" };

    public Flag<string?> RequestTimeout { get; } = new("--request-timeout", "time for one answer of status and list commands (default 12s)") { Group = Server, Recursive = true, HelpName = "DURATION" };

    public Flag<bool> Tls { get; } = new("--tls", "use TLS; a server address with tls:// says the same") { Group = Server, Recursive = true };

    public Flag<bool> TlsAllowInsecure { get; } = new("--tls-allow-insecure", "trust any certificate: for trials only") { Group = Server, Recursive = true };

    public Flag<string[]> TlsCaCertFiles { get; } = new("--tls-ca-cert-files", "certificates of authorities to trust, PEM; commas between files") { Group = Server, Recursive = true, HelpName = "FILES" };

    public Flag<string?> TlsClientCertFile { get; } = new("--tls-client-cert-file", "the client's certificate, PEM") { Group = Server, Recursive = true, HelpName = "FILE" };

    public Flag<string?> TlsClientKeyFile { get; } = new("--tls-client-key-file", "the client certificate's private key, PEM") { Group = Server, Recursive = true, HelpName = "FILE" };

    public Flag<string?> TlsServerName { get; } = new("--tls-server-name", "name that the server's certificate must carry, e.g. instance.hubble-relay.cilium.io") { Group = Server, Recursive = true, HelpName = "NAME" };

    public Flag<string?> BasicAuthUsername { get; } = new("--basic-auth-username", "user name for basic authentication") { Group = Server, Recursive = true, HelpName = "NAME" };

    public Flag<string?> BasicAuthPassword { get; } = new("--basic-auth-password", "password for basic authentication (better: HUBBLE_BASIC_AUTH_PASSWORD)") { Group = Server, Recursive = true, HelpName = "PASSWORD" };

    public Flag<bool> PortForward { get; } = new("--port-forward", "reach the relay through the cluster's API server; --server is then not used", "-P") { Group = Server, Recursive = true };

    public Flag<string?> PortForwardPort { get; } = new("--port-forward-port", "taken for compatibility: no local port is needed (default 4245)") { Group = Server, Recursive = true, HelpName = "PORT" };

    public Flag<string?> Kubeconfig { get; } = new("--kubeconfig", "kubeconfig file for --port-forward (default: KUBECONFIG, the pod's service account, ~/.kube/config, the only lab)") { Group = Server, Recursive = true, HelpName = "FILE" };

    public Flag<string?> KubeContext { get; } = new("--kube-context", "context of the kubeconfig, for --port-forward") { Group = Server, Recursive = true, HelpName = "NAME" };

    public Flag<string?> KubeNamespace { get; } = new("--kube-namespace", "namespace of the relay, for --port-forward (default kube-system)") { Group = Server, Recursive = true, HelpName = "NAME" };

    public IReadOnlyList<IFlag> All =>
        [Address, PortForward, PortForwardPort, Kubeconfig, KubeContext, KubeNamespace, Timeout, RequestTimeout, Tls, TlsAllowInsecure, TlsCaCertFiles, TlsClientCertFile, TlsClientKeyFile, TlsServerName, BasicAuthUsername, BasicAuthPassword, Config, Debug];

    /// <summary>What was typed for a setting; null when nothing was.</summary>
    public string? Typed(Call call, string key) => key switch
    {
        "config" => Text(call, Config),
        "debug" => Text(call, Debug),
        "server" => Text(call, Address),
        "timeout" => Text(call, Timeout),
        "request-timeout" => Text(call, RequestTimeout),
        "tls" => Text(call, Tls),
        "tls-allow-insecure" => Text(call, TlsAllowInsecure),
        "tls-ca-cert-files" => call.Has(TlsCaCertFiles) ? string.Join(',', call.Get(TlsCaCertFiles) ?? []) : null,
        "tls-client-cert-file" => Text(call, TlsClientCertFile),
        "tls-client-key-file" => Text(call, TlsClientKeyFile),
        "tls-server-name" => Text(call, TlsServerName),
        "port-forward" => Text(call, PortForward),
        "port-forward-port" => Text(call, PortForwardPort),
        "kubeconfig" => Text(call, Kubeconfig),
        "kube-context" => Text(call, KubeContext),
        "kube-namespace" => Text(call, KubeNamespace),
        "basic-auth-username" => Text(call, BasicAuthUsername),
        "basic-auth-password" => Text(call, BasicAuthPassword),
        _ => null,
    };

    private static string? Text(Call call, Flag<string?> flag) => call.Has(flag) ? call.Get(flag) : null;

    private static string? Text(Call call, Flag<bool> flag) => call.Has(flag) ? call.Get(flag) ? "true" : "false" : null;
}
