namespace Waggle.Policy.Tests.Reference;

/// <summary>Makes small clusters with policies that meet each other often: few labels, few ports, few prefixes.</summary>
internal sealed class Generator(Random random)
{
    private static readonly string[] s_namespaces = ["a", "b", "c"];
    private static readonly string[] s_keys = ["app", "tier", "env"];
    private static readonly string[] s_values = ["x", "y", "z"];
    private static readonly string[] s_names = ["http", "dns", "admin"];
    private static readonly string[] s_entities =
        ["all", "world", "world-ipv4", "world-ipv6", "cluster", "host", "remote-node", "kube-apiserver", "ingress", "init", "health", "unmanaged", "none"];
    private static readonly string[] s_cidrs =
    [
        "0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "10.1.1.1/32", "10.1.1.1", "192.0.2.0/24", "128.0.0.0/1", "10.1.2.3/16",
        "::/0", "2001:db8::/32", "2001:db8:1::/48", "2001:db8:1::1/128", "8000::/1", "2001:db8::1",
    ];
    private static readonly string[] s_addresses =
        ["10.1.1.1", "10.1.1.2", "10.1.2.2", "10.2.0.1", "192.0.2.1", "203.0.113.9", "1.1.1.1", "2001:db8:1::1", "2001:db8:1::2", "2001:db8:2::1", "2001:db8::1", "fe00::1"];

    private int _nextName;

    public static IReadOnlyList<int> Ports { get; } = [0, 1, 53, 79, 80, 81, 443, 1000, 1023, 1024, 2000, 8080, 32768, 65535];

    public MCluster Cluster()
    {
        var cluster = new MCluster { Mode = Chance(0.08) ? "always" : Chance(0.03) ? "never" : "default" };
        foreach (string name in s_namespaces)
        {
            cluster.Namespaces.Add(name, new Dictionary<string, string> { ["team"] = Pick(s_values), ["kubernetes.io/metadata.name"] = name });
        }

        for (int i = random.Next(3, 9); i > 0; i--)
        {
            cluster.Endpoints.Add(Pod(cluster.Endpoints.Count));
        }

        foreach (MWhat what in Enum.GetValues<MWhat>().Where(w => w is not (MWhat.Pod or MWhat.World)))
        {
            if (Chance(what is MWhat.Host or MWhat.RemoteNode ? 0.7 : 0.3))
            {
                cluster.Endpoints.Add(new MEndpoint
                {
                    Id = cluster.Endpoints.Count,
                    What = what,
                    IsApiServer = what is MWhat.Host or MWhat.RemoteNode && Chance(0.3),
                    Labels = what is MWhat.Host or MWhat.RemoteNode ? new() { ["zone"] = Pick(s_values) } : [],
                });
            }
        }

        foreach (string address in s_addresses)
        {
            if (Chance(0.5))
            {
                cluster.Endpoints.Add(new MEndpoint { Id = cluster.Endpoints.Count, What = MWhat.World, Address = address });
            }
        }

        foreach (string name in (string[])["office", "partners"])
        {
            if (Chance(0.6))
            {
                cluster.Groups.Add(name, [.. Some(s_cidrs, 3)]);
            }
        }

        for (int i = random.Next(3); i > 0; i--)
        {
            cluster.Services.Add(Service(i));
        }

        for (int i = random.Next(1, 6); i > 0; i--)
        {
            cluster.Policies.Add(Policy());
        }

        return cluster;
    }

    public MEndpoint Pod(int id)
    {
        var pod = new MEndpoint { Id = id, What = MWhat.Pod, Namespace = Pick(s_namespaces) };
        foreach (string key in s_keys)
        {
            if (Chance(0.6))
            {
                pod.Labels.Add(key, Pick(s_values));
            }
        }

        foreach (string name in s_names)
        {
            if (Chance(0.35))
            {
                pod.Ports.Add((name, Pick("TCP", "UDP"), Pick([.. Ports.Where(p => p > 0)])));
            }
        }

        return pod;
    }

    public MClusterService Service(int number) => new(
        Pick(s_namespaces), $"svc{number}", new() { ["app"] = Pick(s_values) }, Chance(0.4) ? new() { [Pick(s_keys)] = Pick(s_values) } : null, [.. Some(s_addresses, 2)]);

    public List<string> Cidrs() => [.. Some(s_cidrs, 3)];

    public MPolicy Policy(string? name = null)
    {
        name ??= $"p{_nextName++}";
        bool isOnTrial = Chance(0.15);
        return random.Next(3) switch
        {
            0 => Network(name, isOnTrial),
            1 => new MPolicy { Kind = MKind.Cilium, Namespace = Pick(s_namespaces), Name = name, IsOnTrial = isOnTrial, Specs = Specs(MKind.Cilium) },
            _ => new MPolicy { Kind = MKind.Clusterwide, Name = name, IsOnTrial = isOnTrial, Specs = Specs(MKind.Clusterwide) },
        };
    }

    private MPolicy Network(string name, bool isOnTrial)
    {
        var policy = new MPolicy
        {
            Kind = MKind.Network,
            Namespace = Pick(s_namespaces),
            Name = name,
            IsOnTrial = isOnTrial,
            Pods = Selector(s_keys, false),
            Types = random.Next(5) switch { 0 => null, 1 => ["Ingress"], 2 => ["Egress"], _ => ["Ingress", "Egress"] },
        };
        for (int i = random.Next(4); i > 0; i--)
        {
            List<MNetPeer>? peers = Chance(0.2) ? null : [.. Enumerable.Range(0, random.Next(0, 3)).Select(_ => NetPeer())];
            List<MNetPort>? ports = Chance(0.4) ? null : [.. Enumerable.Range(0, random.Next(0, 4)).Select(_ => NetPort())];
            policy.NetRules.Add(new MNetRule(Chance(0.5), peers, ports));
        }

        return policy;
    }

    private MNetPeer NetPeer()
    {
        if (Chance(0.35))
        {
            return new MNetPeer(null, null, Block());
        }

        bool pods = Chance(0.6);
        return new MNetPeer(pods ? Selector(s_keys, false) : null, !pods || Chance(0.4) ? Selector(["team", "kubernetes.io/metadata.name"], false) : null, null);
    }

    private MCidr Block()
    {
        (string Cidr, string[] Except) block = Pick(
            ("0.0.0.0/0", ["10.0.0.0/8"]), ("10.0.0.0/8", ["10.1.0.0/16", "10.2.0.0/16"]), ("10.1.0.0/16", ["10.1.1.1/32"]), ("10.1.0.0/16", (string[])[]),
            ("::/0", ["2001:db8::/32"]), ("2001:db8::/32", ["2001:db8:1::/48"]), ("192.0.2.0/24", []), ("8000::/1", []));
        return new MCidr(block.Cidr, null, Chance(0.7) ? [.. block.Except] : []);
    }

    private MNetPort NetPort()
    {
        string? protocol = Pick(null, "TCP", "UDP", "SCTP");
        int kind = random.Next(5), first = Pick([.. Ports.Where(p => p > 0)]);
        return kind switch
        {
            0 => new MNetPort(protocol, null, null),
            1 => new MNetPort(protocol, Pick(s_names), null),
            2 => new MNetPort(protocol, $"{first}", Math.Min(65535, first + Pick(0, 1, 9, 1000, 40000))),
            _ => new MNetPort(protocol, $"{first}", null),
        };
    }

    private List<MSpec> Specs(MKind kind) => [.. Enumerable.Range(0, Chance(0.8) ? 1 : 2).Select(_ => Spec(kind))];

    private MSpec Spec(MKind kind)
    {
        bool isNode = kind == MKind.Clusterwide && Chance(0.15);
        MSelector subject = isNode ? Selector(["zone"], true) : Selector(s_keys, true);
        if (kind == MKind.Clusterwide && !isNode && Chance(0.15))
        {
            subject.Conditions.Add(Chance(0.5) ? new MCondition("reserved:init", "Exists", []) : Namespace());
        }

        if (kind == MKind.Cilium && Chance(0.1))
        {
            subject.Conditions.RemoveAll(c => c.Key == "k8s:io.kubernetes.pod.namespace");
            subject.Conditions.Add(new MCondition("k8s:io.kubernetes.pod.namespace", "=", [Pick(s_namespaces)]));
        }

        return new MSpec
        {
            Subject = subject,
            IsNode = isNode,
            DenyIngress = Flag(),
            DenyEgress = Flag(),
            Sections = [.. Enumerable.Range(0, random.Next(0, 5)).Select(_ => Section())],
        };
    }

    private MSection Section()
    {
        var section = new MSection { IsIngress = Chance(0.5), IsDeny = Chance(0.3) };
        switch (random.Next(11))
        {
            case 0 or 1 or 2:
                section.Endpoints = [.. Enumerable.Range(0, Chance(0.1) ? 0 : random.Next(1, 3)).Select(_ => PeerSelector())];
                break;
            case 3:
                section.Entities = Chance(0.1) ? [] : [.. Some(s_entities, 3)];
                break;
            case 4:
                section.Cidrs = Chance(0.1) ? [] : [.. Some(s_cidrs, 3)];
                break;
            case 5 or 6:
                section.CidrSet = [.. Enumerable.Range(0, random.Next(0, 3)).Select(_ => Chance(0.4) ? new MCidr(null, Pick("office", "partners"), Chance(0.5) ? ["10.1.1.0/24"] : []) : Block())];
                break;
            case 7:
                section.Nodes = [Selector(["zone"], true)];
                break;
            case 8 when !section.IsIngress:
                section.Services = [Chance(0.5) ? new MService(Pick("", "a", "b", "c"), Pick("svc1", "svc2"), null) : new MService(Pick("", "a"), null, Selector(["app"], false))];
                break;
            case 9 when !section.IsIngress && !section.IsDeny:
                section.HasFqdns = true;
                break;
            case 9:
                section.HasGroups = true;
                break;
            default:
                break;
        }

        if (Chance(0.12))
        {
            section.Requires = [PeerSelector()];
        }

        if (section.Services is null && Chance(0.55))
        {
            section.ToPorts = [.. Enumerable.Range(0, random.Next(0, 3)).Select(_ => PortRule(section.IsDeny))];
        }
        else if (Chance(0.25))
        {
            section.Icmps = [.. Enumerable.Range(0, random.Next(0, 3)).Select(_ => (List<MIcmp>)[.. Enumerable.Range(0, random.Next(0, 3)).Select(_ => IcmpField())])];
        }

        if (!section.IsDeny && Chance(0.08))
        {
            section.Authentication = Pick("disabled", "required", "test-always-fail");
        }

        return section;
    }

    private MPorts PortRule(bool isDeny)
    {
        if (!isDeny && Chance(0.15))
        {
            return new MPorts([new MPort($"{Pick(80, 443, 8080)}", null, "TCP")], "http");
        }

        return new MPorts([.. Enumerable.Range(0, random.Next(0, 4)).Select(_ =>
        {
            string? protocol = Pick(null, "ANY", "TCP", "TCP", "UDP", "SCTP");
            int first = Pick([.. Ports]);
            return Chance(0.2) ? new MPort(Pick(s_names), null, protocol)
                : first > 0 && Chance(0.35) ? new MPort($"{first}", Math.Min(65535, first + Pick(0, 1, 7, 24, 1000, 40000)), protocol)
                : new MPort($"{first}", Pick<int?>(null, 0), protocol);
        })], null);
    }

    private MIcmp IcmpField()
    {
        string? family = Pick(null, "IPv4", "IPv6");
        return Chance(0.5) ? new MIcmp(family, Pick("EchoRequest", "EchoReply", "DestinationUnreachable"), true) : new MIcmp(family, $"{Pick(0, 1, 3, 8, 128, 255)}", false);
    }

    private MSelector PeerSelector()
    {
        MSelector selector = Selector(s_keys, true);
        if (Chance(0.3))
        {
            selector.Conditions.RemoveAll(c => c.Key.Contains("namespace", StringComparison.Ordinal));
            selector.Conditions.Add(Pick(
                Namespace(), Namespace(), new MCondition("k8s:io.cilium.k8s.namespace.labels.team", Pick("=", "In"), [Pick(s_values)]),
                new MCondition("reserved:" + Pick("host", "world", "remote-node", "health"), "Exists", [])));
        }

        return selector;
    }

    private MCondition Namespace() => Chance(0.5)
        ? new MCondition(Pick("k8s:", "") + "io.kubernetes.pod.namespace", "=", [Pick(s_namespaces)])
        : new MCondition("k8s:io.kubernetes.pod.namespace", Pick("In", "NotIn"), [.. Some(s_namespaces, 2)]);

    private MSelector Selector(string[] keys, bool mayNameSource)
    {
        var conditions = new List<MCondition>();
        foreach (string key in keys)
        {
            if (!Chance(0.35))
            {
                continue;
            }

            string named = (mayNameSource && Chance(0.4) ? Pick("k8s:", "any:") : "") + key;
            conditions.Add(random.Next(6) switch
            {
                0 => new MCondition(named, "In", [.. Some(s_values, 2)]),
                1 => new MCondition(named, "NotIn", [.. Some(s_values, 2)]),
                2 => new MCondition(named, "Exists", []),
                3 => new MCondition(named, "DoesNotExist", []),
                _ => new MCondition(named, "=", [Pick(s_values)]),
            });
        }

        return new MSelector(conditions);
    }

    private IEnumerable<string> Some(string[] from, int most) => Enumerable.Range(0, random.Next(1, most + 1)).Select(_ => Pick(from)).Distinct();

    private bool? Flag() => random.Next(6) switch { 0 => true, 1 => false, _ => null };

    private bool Chance(double probability) => random.NextDouble() < probability;

    private T Pick<T>(params T[] from) => from[random.Next(from.Length)];
}
