namespace Waggle.Hosting.Config;

/// <summary>Every key of <c>cilium-config</c> that Waggle knows: the one place where a setting gets its name, type and default.</summary>
public static class ConfigKeys
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1), Minute = TimeSpan.FromMinutes(1), Day = TimeSpan.FromDays(1);

    /// <summary>Sorted by name.</summary>
    public static IReadOnlyList<ConfigKey> All { get; } = [.. Define().OrderBy(k => k.Name, StringComparer.Ordinal)];

    public static ConfigKey? Find(string name) => All.FirstOrDefault(k => k.Name == name);

    /// <summary>Null when the key exists and takes the value; otherwise one sentence with the nearest valid key or value.</summary>
    public static string? Check(string name, string value) => Find(name) is { } key ? key.Check(value) : Unknown(name);

    internal static string Unknown(string name)
    {
        string? near = NearestName.Find(name.ToLowerInvariant().Replace('_', '-'), All.Select(k => k.Name));
        return near is null ? $"unknown key \"{name}\"" : $"unknown key \"{name}\"; did you mean \"{near}\"?";
    }

    private static IEnumerable<ConfigKey> Define() =>
    [
        // Cluster
        ConfigKey.Text("cluster-name", "default", "name of the cluster; part of every identity's labels", max: 63),
        ConfigKey.Int("cluster-id", 0, 0, 255, "id of the cluster among connected clusters: the upper part of its identities' numbers"),
        ConfigKey.Bool("debug", false, "log at debug level", live: true),
        ConfigKey.Text("debug-verbose", "", "what else to tell: \"datapath\" makes a debug event of each step of each packet (hubble observe debug-events)", max: 253, live: true),

        // Addresses
        ConfigKey.Bool("enable-ipv4", true, "IPv4 for pods"),
        ConfigKey.Bool("enable-ipv6", false, "IPv6 for pods"),
        ConfigKey.Word("ipam", "cluster-pool", ["cluster-pool", "kubernetes"], "who gives nodes their pod prefixes: the operator, or the Node objects' podCIDRs"),
        ConfigKey.Cidrs("cluster-pool-ipv4-cidr", "10.0.0.0/8", "pools from which nodes get IPv4 pod prefixes", v6: false),
        ConfigKey.Int("cluster-pool-ipv4-mask-size", 24, 8, 30, "prefix length of a node's IPv4 pod prefix"),
        ConfigKey.Cidrs("cluster-pool-ipv6-cidr", "fd00::/104", "pools from which nodes get IPv6 pod prefixes", v6: true),
        ConfigKey.Int("cluster-pool-ipv6-mask-size", 120, 48, 126, "prefix length of a node's IPv6 pod prefix"),

        // Routing
        ConfigKey.Word("routing-mode", "tunnel", ["tunnel", "native"], "carry pod traffic between nodes in a tunnel, or route it as it is"),
        ConfigKey.Word("tunnel-protocol", "vxlan", ["vxlan"], "encapsulation in tunnel mode"),
        ConfigKey.Int("tunnel-port", 8472, 1, 65535, "UDP port of the tunnel"),
        ConfigKey.Cidrs("ipv4-native-routing-cidr", "", "destinations that are reached without masquerade in native routing", v6: false),
        ConfigKey.Cidrs("ipv6-native-routing-cidr", "", "destinations that are reached without masquerade in native routing", v6: true),
        ConfigKey.Bool("auto-direct-node-routes", false, "install routes to the other nodes' pod prefixes (nodes share an L2 network)"),
        ConfigKey.Int("mtu", 0, 0, 65535, "MTU of the network between nodes; 0 takes it from the device"),
        ConfigKey.Text("devices", "", "devices that face the network, separated by spaces; empty: those with the node's address or a default route"),
        ConfigKey.Bool("enable-ipv4-masquerade", true, "traffic from pods to outside gets the node's IPv4 address"),
        ConfigKey.Bool("enable-ipv6-masquerade", true, "traffic from pods to outside gets the node's IPv6 address"),

        // Multicast
        ConfigKey.Bool("multicast-enabled", false, "replicate multicast to subscribed pods", live: true),
        ConfigKey.Int("multicast-max-groups", 1024, 1, 65536, "groups a node forwards at most; the lower of this and the map's size holds", live: true),
        ConfigKey.Int("multicast-max-memberships-per-endpoint", 256, 1, 65536, "groups one pod may join", live: true),
        ConfigKey.Int("multicast-max-report-rate", 200, 1, 100000, "IGMP/MLD packets per second accepted from one pod", live: true),
        ConfigKey.Bool("multicast-querier", true, "send IGMP/MLD queries to pods, so that silent members age out", live: true),
        ConfigKey.Bool("multicast-fast-leave", true, "a leave takes effect at once (one pod per device); false: the querier asks first", live: true),
        ConfigKey.Duration("multicast-query-interval", "125s", Second, TimeSpan.FromHours(8), "time between general queries", live: true),
        ConfigKey.Duration("multicast-query-response-interval", "10s", TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1), "time members have to answer a general query", live: true),
        ConfigKey.Duration("multicast-last-member-query-interval", "1s", TimeSpan.FromMilliseconds(100), Minute, "time members have to answer a group-specific query", live: true),
        ConfigKey.Int("multicast-robustness", 2, 1, 7, "lost reports or queries that are survived (RFC 3376 8.1)", live: true),
        ConfigKey.Int("multicast-igmp-version", 3, 2, 3, "version of the IGMP queries", live: true),
        ConfigKey.Int("multicast-mld-version", 2, 1, 2, "version of the MLD queries", live: true),

        // Identities and endpoints
        ConfigKey.Only("identity-allocation-mode", "crd", "identities live in CiliumIdentity resources", "where identities live: CiliumIdentity resources"),
        ConfigKey.Text("labels", "", "prefixes of labels that make an identity, separated by spaces; ! excludes"),
        ConfigKey.Bool("enable-node-selector-labels", false, "other nodes have identities by their labels, so that fromNodes and toNodes tell them apart"),
        ConfigKey.Text("node-labels", "", "prefixes of node labels that make a node's identity, separated by spaces; ! excludes; empty: all labels"),
        ConfigKey.Duration("identity-gc-interval", "15m", Second, Day, "time between removals of unused identities"),
        ConfigKey.Duration("identity-heartbeat-timeout", "30m", Second, Day, "time an identity must be unused before it is removed"),
        ConfigKey.Duration("cilium-endpoint-gc-interval", "5m", Second, Day, "time between removals of CiliumEndpoints whose pod is gone"),
        ConfigKey.Duration("nodes-gc-interval", "5m", Second, Day, "time between removals of CiliumNodes whose node is gone"),

        // Policy
        ConfigKey.Word("enable-policy", "default", ["default", "always", "never"], "when policy is enforced: once a policy selects an endpoint, always, or never", live: true),
        ConfigKey.Bool("enable-k8s-networkpolicy", true, "enforce networking.k8s.io NetworkPolicy", live: true),
        ConfigKey.Bool("enable-non-default-deny-policies", true, "honour enableDefaultDeny: false in policies; false: what a rule has sections for is denied by default, whatever it says", live: true),
        ConfigKey.Text("static-cnp-path", "", "directory of YAML files with policies for this node, read again when they change; empty: none"),
        ConfigKey.Bool("policy-audit-mode", false, "what policy would deny passes and is reported as audited", live: true),
        ConfigKey.Word("policy-on-deny", "cut", ["cut", "drain", "keep"], "what happens to established connections that a changed policy denies: end at once, after policy-drain-time, or by themselves", live: true),
        ConfigKey.Duration("policy-drain-time", "30s", Second, TimeSpan.FromHours(18), "time established connections have left once a changed policy denies them (policy-on-deny: drain)", live: true),
        ConfigKey.Word("policy-deny-response", "none", ["none", "icmp", "reset"], "what the sender of a denied packet gets: nothing, an ICMP error, or a TCP reset (ICMP for other protocols)", live: true),
        ConfigKey.Word("allow-localhost", "auto", ["auto", "always", "policy"], "the node may always reach its own pods (auto, always), or only as policy says", live: true),
        ConfigKey.Bool("enable-host-firewall", false, "policies with a nodeSelector apply to the node itself", live: true),
        ConfigKey.Bool("policy-verdict-notification", true, "tell the verdict of each new connection of endpoints with policy", live: true),
        ConfigKey.Int("bpf-policy-map-max", 1_048_576, 1024, 16_777_216, "peers of all compiled policies on a node; taken up when the map is made"),
        ConfigKey.Int("bpf-policy-rules-map-max", 262_144, 1024, 16_777_216, "port rules of all compiled policies on a node; taken up when the map is made"),
        ConfigKey.Duration("bpf-ct-timeout-regular-tcp", "8000s", Second, Day, "an established TCP connection is forgotten after this time without a packet", live: true),
        ConfigKey.Duration("bpf-ct-timeout-regular-tcp-syn", "60s", Second, Day, "the same for one that was never answered", live: true),
        ConfigKey.Duration("bpf-ct-timeout-regular-tcp-fin", "10s", Second, Day, "the same for one that was closed or reset", live: true),
        ConfigKey.Duration("bpf-ct-timeout-regular-any", "60s", Second, Day, "the same for UDP, SCTP and ICMP", live: true),
        ConfigKey.Duration("monitor-aggregation-interval", "5s", Second, Day, "least time between two trace events of one connection and direction (aggregation medium)", live: true),
        ConfigKey.Int("bpf-ct-global-any-max", 131_072, 1024, 16_777_216, "connections tracked on a node; taken up when the map is made"),

        // CNI
        ConfigKey.Text("write-cni-conf-when-ready", "/host/etc/cni/net.d/05-cilium.conflist", "file that tells the node's runtime to use the plugin"),
        ConfigKey.Bool("cni-exclusive", true, "rename other CNI configurations so that the runtime does not use them"),

        // Node
        ConfigKey.Bool("remove-cilium-node-taints", true, "take the taint below off nodes whose agent is ready"),
        ConfigKey.Text("agent-not-ready-taint-key", "node.cilium.io/agent-not-ready", "taint that keeps pods off a node until its agent is ready", max: 253),

        // Observation
        ConfigKey.Word("monitor-aggregation", "medium", ["none", "low", "medium", "maximum"], "how much the kernel merges trace events", live: true),
        ConfigKey.Int("bpf-events-default-rate-limit", 100_000, 0, 100_000_000, "events of the programs per second and CPU; what is over it is counted as lost; 0: no limit", live: true),
        ConfigKey.Int("bpf-events-default-burst-limit", 200_000, 0, 100_000_000, "events that may come at once beside that", live: true),
        ConfigKey.Text("prometheus-serve-addr", ":9962", "address of the agent's /metrics; empty: off"),
        ConfigKey.Text("operator-prometheus-serve-addr", ":9963", "address of the operator's /metrics; empty: off"),
        ConfigKey.Int("agent-health-port", 9879, 1, 65535, "port of the agent's /healthz on the node's loopback address"),

        // Hubble
        ConfigKey.Bool("enable-hubble", false, "observe flows and serve them to hubble clients"),
        ConfigKey.Text("hubble-socket-path", "/var/run/cilium/hubble.sock", "unix socket on which the node's flows are served"),
        ConfigKey.Text("hubble-listen-address", "", "TCP address on which the node's flows are served, as in :4244; empty: only the unix socket"),
        ConfigKey.Int("hubble-event-buffer-capacity", 4095, 1, 16777215, "flows a node keeps; a power of two less one"),
        ConfigKey.Int("hubble-event-queue-size", 16384, 64, 4194304, "flows that may wait for each of metrics and exporters"),
        ConfigKey.Bool("hubble-disable-tls", false, "serve hubble-listen-address without TLS"),
        ConfigKey.Text("hubble-tls-cert-file", "/var/lib/cilium/tls/hubble/server.crt", "certificate for hubble-listen-address; read again when it changes"),
        ConfigKey.Text("hubble-tls-key-file", "/var/lib/cilium/tls/hubble/server.key", "its private key"),
        ConfigKey.Text("hubble-tls-client-ca-files", "/var/lib/cilium/tls/hubble/client-ca.crt", "authorities whose clients may connect, separated by spaces; empty: any client"),
        ConfigKey.Duration("hubble-server-cert-validity-duration", "8760h", Second, 10 * 366 * Day, "life of certificates that the operator makes for agents"),
        ConfigKey.Duration("hubble-relay-client-cert-validity-duration", "8760h", Second, 10 * 366 * Day, "life of certificates that the operator makes for the relay"),
        ConfigKey.Int("hubble-cert-renewal-percent", 66, 1, 95, "part of their life after which these are made anew, percent"),
        ConfigKey.Duration("hubble-ca-validity-duration", "26280h", Second, 30 * 366 * Day, "life of an authority that the operator makes"),
        ConfigKey.Int("hubble-ca-renewal-percent", 66, 1, 95, "part of its life after which its successor is made, percent"),
        ConfigKey.Duration("hubble-ca-overlap", "24h", Second, 366 * Day, "how long a new authority is trusted before it signs, and an old one after it signed last"),
        ConfigKey.Bool("hubble-prefer-ipv6", false, "give peers the nodes' IPv6 addresses where they have both"),
        ConfigKey.Text("hubble-metrics", "", "metrics made of flows, separated by spaces, each with options: drop flow:sourceContext=pod|ip;labelsContext=source_namespace", max: 65536),
        ConfigKey.Text("hubble-metrics-server", "", "address on which those metrics are served, as in :9965; empty: off"),
        ConfigKey.Bool("hubble-metrics-server-enable-tls", false, "serve those metrics over TLS"),
        ConfigKey.Text("hubble-metrics-server-tls-cert-file", "", "certificate for hubble-metrics-server; read again when it changes"),
        ConfigKey.Text("hubble-metrics-server-tls-key-file", "", "its private key"),
        ConfigKey.Text("hubble-metrics-server-tls-client-ca-files", "", "authorities whose clients may read the metrics, separated by spaces; empty: any client"),
        ConfigKey.Bool("enable-hubble-open-metrics", false, "serve those metrics as OpenMetrics, with exemplars, to those who ask for it"),
        ConfigKey.Text("hubble-dynamic-metrics-config-path", "", "file of metrics that is read again when it changes; it takes the place of hubble-metrics"),
        ConfigKey.Int("hubble-metrics-max-series", 10000, 1, 10000000, "series of one metric at most; the rest is counted in one more"),
        ConfigKey.Text("hubble-export-file-path", "", "where flows are exported: a file, stdout, syslog+tcp://, syslog+tls://, otlp+http:// or otlp+https://; empty: off"),
        ConfigKey.Int("hubble-export-file-max-size-mb", 10, 0, 1048576, "size at which an export file is put aside; 0: never"),
        ConfigKey.Int("hubble-export-file-max-backups", 5, 0, 100000, "export files put aside that are kept; 0: all"),
        ConfigKey.Bool("hubble-export-file-compress", false, "compress export files that are put aside"),
        ConfigKey.Text("hubble-export-allowlist", "", "filters as JSON: only flows that one of them takes are exported", max: 65536),
        ConfigKey.Text("hubble-export-denylist", "", "filters as JSON: flows that one of them takes are not exported", max: 65536),
        ConfigKey.Text("hubble-export-fieldmask", "", "fields of exported flows, separated by spaces; empty: all", max: 65536),
        ConfigKey.Text("hubble-export-fieldaggregate", "", "export one flow, with numbers, for all flows of an interval that are equal in these fields, separated by spaces; empty: off", max: 65536),
        ConfigKey.Word("hubble-export-aggregation", "none", ["none", "connection", "identity"], "export one flow of a conversation in each interval, and all that say something new"),
        ConfigKey.Duration("hubble-export-aggregation-interval", "30s", TimeSpan.Zero, Day, "that interval; 0: no flows are joined by fields"),
        ConfigKey.Text("hubble-flowlogs-config-path", "", "file of exporters (flowlogs.yaml) that is read again when it changes"),
        ConfigKey.Bool("hubble-redact-enabled", false, "take secrets out of records of layer 7"),
        ConfigKey.Bool("hubble-redact-http-urlquery", false, "cut the query off URLs"),
        ConfigKey.Bool("hubble-redact-http-userinfo", true, "hide passwords in URLs"),
        ConfigKey.Bool("hubble-redact-kafka-apikey", false, "hide the API key of Kafka requests"),
        ConfigKey.Text("hubble-redact-http-headers-allow", "", "headers that keep their values, separated by spaces; excludes the next"),
        ConfigKey.Text("hubble-redact-http-headers-deny", "", "headers that lose their values, separated by spaces; with neither, all do"),
        ConfigKey.Bool("hubble-drop-events", false, "tell of dropped packets by Kubernetes Events of their pods"),
        ConfigKey.Duration("hubble-drop-events-interval", "2m", Second, Day, "time between two Events that say the same"),
        ConfigKey.Text("hubble-drop-events-reasons", "auth_required policy_denied", "reasons of drops that are told, separated by spaces"),
        ConfigKey.Bool("enable-hubble-recorder-api", true, "let hubble record packets to files on the node"),
        ConfigKey.Text("hubble-recorder-storage-path", "/var/run/cilium/pcaps", "folder of those files"),
        ConfigKey.Int("hubble-recorder-max-file-size-mb", 1024, 0, 1048576, "size at which a recording ends; 0: never"),
        ConfigKey.Duration("hubble-recorder-max-time", "1h", Second, Day, "time after which a recording ends"),
        ConfigKey.Int("hubble-recorder-sink-queue-size", 1024, 1, 1048576, "packets that may wait for the disk in each recording"),

        // Places on the node
        ConfigKey.Text("bpf-root", "/sys/fs/bpf", "mount point of the BPF file system"),
        ConfigKey.Text("state-dir", "/var/run/cilium", "directory of the agent's sockets and saved state"),
    ];
}
