using System.Net;

namespace Waggle.Policy.Tests.Reference;

/// <summary>Why a verdict is what it is.</summary>
internal enum MReason
{
    NotSelected,
    Allow,
    Deny,
    Unenforceable,
    DefaultAllow,
    DefaultDeny,
}

/// <param name="Reason">Which step decided.</param>
/// <param name="Places">The sections that did: policy, spec, section's index in its list.</param>
internal sealed record MVerdict(MReason Reason, HashSet<string> Places)
{
    public bool IsAllowed => Reason is MReason.NotSelected or MReason.Allow or MReason.DefaultAllow;
}

/// <summary>
/// Says what the specifications say, packet by packet: from the text of NetworkPolicy (networking.k8s.io/v1) and of Cilium's policy
/// language, on the model of the policies. Shares nothing with the parser or the compiler; slow and simple on purpose.
/// </summary>
internal sealed class ReferenceEvaluator(MCluster cluster)
{
    /// <summary>The verdict for a new connection.</summary>
    public MVerdict Evaluate(MEndpoint subject, bool isIngress, MEndpoint peer, int protocol, int port, bool withTrials)
    {
        if (cluster.Mode == "never")
        {
            return new MVerdict(MReason.NotSelected, []);
        }

        bool denies = cluster.Mode == "always" || subject.What == MWhat.Init, anyDeny = false, anyUnenforceable = false;
        var allows = new HashSet<string>();
        var denials = new HashSet<string>();
        var unenforceable = new HashSet<string>();
        var deniers = new HashSet<string>();
        foreach (MPolicy policy in cluster.Policies)
        {
            if (policy.IsOnTrial && !withTrials)
            {
                continue;
            }

            if (policy.Kind == MKind.Network)
            {
                if (subject.What == MWhat.Pod && subject.Namespace == policy.Namespace && All(policy.Pods, c => Holds(c, subject.Labels.GetValueOrDefault(c.Key))))
                {
                    Network(policy, subject, isIngress, peer, protocol, port, withTrials, allows, deniers);
                }

                continue;
            }

            for (int i = 0; i < policy.Specs.Count; i++)
            {
                MSpec spec = policy.Specs[i];
                if (!Selects(policy, spec, subject))
                {
                    continue;
                }

                List<MSection> sections = [.. spec.Sections.Where(s => s.IsIngress == isIngress)];
                if (sections.Count > 0 && (isIngress ? spec.DenyIngress : spec.DenyEgress) != false)
                {
                    deniers.Add($"{policy.Name}/{i}");
                }

                foreach (MSection section in sections)
                {
                    int index = sections.Where(s => s.IsDeny == section.IsDeny).ToList().IndexOf(section);
                    string place = $"{policy.Name}/{i}/{(section.IsDeny ? "deny" : "allow")}/{index}";
                    anyDeny |= section.IsDeny;
                    bool needsProof = section.Authentication is not null and not "disabled";
                    anyUnenforceable |= needsProof || (section.ToPorts?.Exists(p => p.L7 is not null && p.Ports.Count > 0) ?? false);
                    if (!PeerMatches(policy, spec, section, subject, peer, withTrials))
                    {
                        continue;
                    }

                    IReadOnlyList<(string, string, int)> names = isIngress ? subject.Ports : peer.Ports;
                    if (Ports(section, protocol, port, names, withL7: false))
                    {
                        (section.IsDeny ? denials : needsProof ? unenforceable : allows).Add(place);
                    }

                    if (Ports(section, protocol, port, names, withL7: true))
                    {
                        unenforceable.Add(place);
                    }
                }
            }
        }

        denies |= deniers.Count > 0;
        return denials.Count > 0 ? new MVerdict(MReason.Deny, denials)
            : allows.Count > 0 ? new MVerdict(MReason.Allow, allows)
            : unenforceable.Count > 0 ? new MVerdict(MReason.Unenforceable, unenforceable)
            : denies ? new MVerdict(MReason.DefaultDeny, deniers)
            : new MVerdict(anyDeny || anyUnenforceable ? MReason.DefaultAllow : MReason.NotSelected, []);
    }

    private void Network(
        MPolicy policy, MEndpoint subject, bool isIngress, MEndpoint peer, int protocol, int port, bool withTrials, HashSet<string> allows, HashSet<string> deniers)
    {
        // Without policyTypes: always ingress, and egress if there is a rule for it.
        bool applies = policy.Types is null ? isIngress || policy.NetRules.Exists(r => !r.IsIngress) : policy.Types.Contains(isIngress ? "Ingress" : "Egress");
        if (!applies)
        {
            return;
        }

        deniers.Add($"{policy.Name}/0");
        List<MNetRule> rules = [.. policy.NetRules.Where(r => r.IsIngress == isIngress)];
        foreach ((int index, MNetRule rule) in rules.Index())
        {
            // What Cilium's policies require of endpoints holds for all policies.
            bool required = Required(new MSection { IsIngress = isIngress }, subject, peer, withTrials);
            bool who = rule.Peers is null or { Count: 0 } ? required : rule.Peers.Exists(p => NetPeer(policy, p, peer) && (p.Block is not null || required));
            bool what = rule.Ports is null or { Count: 0 } || rule.Ports.Exists(p => NetPort(p, protocol, port, isIngress ? subject.Ports : peer.Ports));
            if (who && what)
            {
                allows.Add($"{policy.Name}/0/allow/{index}");
            }
        }
    }

    private bool NetPeer(MPolicy policy, MNetPeer wanted, MEndpoint peer)
    {
        if (wanted.Block is { } block)
        {
            return peer.What == MWhat.World && Within(peer.Address, block.Cidr!) && !block.Except.Exists(e => Within(peer.Address, e));
        }

        return peer.What == MWhat.Pod
            && (wanted.Namespaces is null ? peer.Namespace == policy.Namespace : All(wanted.Namespaces, c => Holds(c, cluster.Namespaces[peer.Namespace].GetValueOrDefault(c.Key))))
            && (wanted.Pods is null || All(wanted.Pods, c => Holds(c, peer.Labels.GetValueOrDefault(c.Key))));
    }

    private static bool NetPort(MNetPort wanted, int protocol, int port, IReadOnlyList<(string Name, string Protocol, int Port)> names)
    {
        string of = wanted.Protocol ?? "TCP";
        if (Number(of) != protocol)
        {
            return false;
        }

        return wanted.Port is null
            || (int.TryParse(wanted.Port, out int first) ? port >= first && port <= (wanted.EndPort ?? first) : names.Any(n => n.Name == wanted.Port && n.Protocol == of && n.Port == port));
    }

    private bool Selects(MPolicy policy, MSpec spec, MEndpoint subject)
    {
        if (spec.IsNode != (subject.What == MWhat.Host))
        {
            return false;
        }

        if (policy.Kind == MKind.Cilium && (subject.What != MWhat.Pod || subject.Namespace != policy.Namespace))
        {
            return false;
        }

        // In a namespaced policy the namespace is given, whatever an entry of matchLabels says about it.
        return Matches(spec.Subject, subject, c => policy.Kind == MKind.Cilium && c.Operator == "=" && c.Key == "k8s:io.kubernetes.pod.namespace");
    }

    private bool PeerMatches(MPolicy policy, MSpec spec, MSection section, MEndpoint subject, MEndpoint peer, bool withTrials)
    {
        bool forInit = spec.Subject.Conditions.Exists(c => c.Key == "reserved:init");
        System.Collections.IList?[] lists = [section.Endpoints, section.Nodes, section.Cidrs, section.CidrSet, section.Entities, section.Services];
        if (lists.Any(l => l is { Count: 0 }))
        {
            return false;
        }

        if (lists.All(l => l is null) && !section.HasFqdns && !section.HasGroups)
        {
            // Nobody named: everybody, if ports are; a section that names neither only turns default deny on.
            return section.ToPorts is { Count: > 0 } || section.Icmps is { Count: > 0 };
        }

        return (section.Endpoints?.Exists(s => Endpoint(policy, forInit, s, peer, mayBeReserved: true) && Required(section, subject, peer, withTrials)) ?? false)
            || (section.Nodes?.Exists(s => peer.What is MWhat.Host or MWhat.RemoteNode && Matches(s, peer)) ?? false)
            || (section.Cidrs?.Exists(c => peer.What == MWhat.World && Within(peer.Address, c)) ?? false)
            || (section.CidrSet?.Exists(c => InSet(c, peer)) ?? false)
            || (section.Entities?.Exists(e => Entity(e, peer)) ?? false)
            || (section.Services?.Exists(s => Service(s, peer)) ?? false)
            || (section.HasGroups && section.IsDeny && peer.What == MWhat.World);
    }

    /// <summary>The requirements of all sections of the same effect, of all policies that select the subject.</summary>
    private bool Required(MSection section, MEndpoint subject, MEndpoint peer, bool withTrials)
    {
        foreach (MPolicy policy in cluster.Policies.Where(p => p.Kind != MKind.Network && (withTrials || !p.IsOnTrial)))
        {
            foreach (MSpec spec in policy.Specs.Where(s => Selects(policy, s, subject)))
            {
                bool forInit = spec.Subject.Conditions.Exists(c => c.Key == "reserved:init");
                foreach (MSection other in spec.Sections.Where(s => s.IsIngress == section.IsIngress && s.IsDeny == section.IsDeny && s.Requires is not null))
                {
                    if (!other.Requires!.TrueForAll(r => Endpoint(policy, forInit, r, peer, mayBeReserved: false)))
                    {
                        return false;
                    }
                }
            }
        }

        return true;
    }

    private bool Endpoint(MPolicy policy, bool forInit, MSelector selector, MEndpoint peer, bool mayBeReserved)
    {
        if (!Matches(selector, peer))
        {
            return false;
        }

        if (mayBeReserved && selector.Conditions.Exists(c => c.Key.StartsWith("reserved:", StringComparison.Ordinal)))
        {
            return true;
        }

        static string Bare(string key) => key.Replace("k8s:", "", StringComparison.Ordinal).Replace("any:", "", StringComparison.Ordinal);
        if (selector.Conditions.Exists(c => Bare(c.Key) == "io.kubernetes.pod.namespace"))
        {
            return true;
        }

        if (policy.Kind == MKind.Clusterwide)
        {
            return forInit || peer.What == MWhat.Pod;
        }

        return selector.Conditions.Exists(c => Bare(c.Key).StartsWith("io.cilium.k8s.namespace.labels.", StringComparison.Ordinal))
            || (peer.What == MWhat.Pod && peer.Namespace == policy.Namespace);
    }

    private bool InSet(MCidr set, MEndpoint peer) => peer.What == MWhat.World
        && (set.Group is null ? Within(peer.Address, set.Cidr!) : cluster.Groups.GetValueOrDefault(set.Group)?.Exists(c => Within(peer.Address, c)) ?? false)
        && !set.Except.Exists(e => Within(peer.Address, e));

    private bool Service(MService wanted, MEndpoint peer) => cluster.Services.Exists(s =>
        (wanted.Namespace.Length == 0 || wanted.Namespace == s.Namespace)
        && (wanted.Selector is null ? wanted.Name == s.Name : All(wanted.Selector, c => Holds(c, s.Labels.GetValueOrDefault(c.Key))))
        && (s.Selector is null ? peer.What == MWhat.World && s.Backends.Contains(peer.Address)
            : s.Selector.Count > 0 && peer.What == MWhat.Pod && peer.Namespace == s.Namespace && s.Selector.All(l => peer.Labels.GetValueOrDefault(l.Key) == l.Value)));

    private static bool Entity(string entity, MEndpoint peer) => entity switch
    {
        "all" => true,
        "world" => peer.What == MWhat.World,
        "world-ipv4" => peer.What == MWhat.World && !peer.Address.Contains(':', StringComparison.Ordinal),
        "world-ipv6" => peer.What == MWhat.World && peer.Address.Contains(':', StringComparison.Ordinal),
        "cluster" => peer.What != MWhat.World,
        "host" => peer.What == MWhat.Host,
        "remote-node" => peer.What == MWhat.RemoteNode,
        "kube-apiserver" => peer.IsApiServer,
        "init" => peer.What == MWhat.Init,
        "health" => peer.What == MWhat.Health,
        "ingress" => peer.What == MWhat.Ingress,
        "unmanaged" => peer.What == MWhat.Unmanaged,
        _ => false,
    };

    private static bool Ports(MSection section, int protocol, int port, IReadOnlyList<(string Name, string Protocol, int Port)> names, bool withL7)
    {
        bool hasPorts = section.ToPorts is { Count: > 0 }, hasIcmps = section.Icmps is { Count: > 0 };
        if (!hasPorts && !hasIcmps)
        {
            return !withL7;
        }

        return (hasPorts && section.ToPorts!.Exists(p => (p.L7 is not null) == withL7 && p.Ports.Exists(x => Port(x, protocol, port, names))))
            || (!withL7 && hasIcmps && section.Icmps!.Exists(fields => fields.Exists(f => Icmp(f, protocol, port))));
    }

    private static bool Port(MPort wanted, int protocol, int port, IReadOnlyList<(string Name, string Protocol, int Port)> names)
    {
        // ANY is every protocol that has ports.
        bool any = wanted.Protocol is null or "" or "ANY";
        if (any ? protocol is not (6 or 17 or 132) : Number(wanted.Protocol!) != protocol)
        {
            return false;
        }

        if (!int.TryParse(wanted.Port, out int first))
        {
            return names.Any(n => n.Name == wanted.Port && Number(n.Protocol) == protocol && n.Port == port);
        }

        return first == 0 || (port >= first && port <= (wanted.EndPort is null or 0 ? first : wanted.EndPort));
    }

    private static bool Icmp(MIcmp wanted, int protocol, int type)
    {
        bool isIPv6 = wanted.Family == "IPv6";
        if (protocol != (isIPv6 ? 58 : 1))
        {
            return false;
        }

        // RFC 792 and RFC 4443: the few names that the generator uses.
        int number = wanted.IsName ? (wanted.Type, isIPv6) switch
        {
            ("EchoRequest", false) => 8,
            ("EchoReply", false) => 0,
            ("DestinationUnreachable", false) => 3,
            ("EchoRequest", true) => 128,
            ("EchoReply", true) => 129,
            _ => 1,
        } : int.Parse(wanted.Type, System.Globalization.CultureInfo.InvariantCulture);
        return number == type;
    }

    private static int Number(string protocol) => protocol switch
    {
        "TCP" => 6,
        "UDP" => 17,
        _ => 132,
    };

    /// <summary>All labels that something has, with the source of each.</summary>
    public IEnumerable<(string Source, string Key, string Value)> LabelsOf(MEndpoint endpoint)
    {
        foreach ((string key, string value) in endpoint.Labels)
        {
            yield return ("k8s", key, value);
        }

        if (endpoint.What == MWhat.Pod)
        {
            yield return ("k8s", "io.kubernetes.pod.namespace", endpoint.Namespace);
            yield return ("k8s", "io.cilium.k8s.policy.cluster", cluster.Name);
            foreach ((string key, string value) in cluster.Namespaces[endpoint.Namespace])
            {
                yield return ("k8s", "io.cilium.k8s.namespace.labels." + key, value);
            }

            yield break;
        }

        if (endpoint.What == MWhat.World)
        {
            yield return ("reserved", "world", "");
            yield return ("reserved", endpoint.Address.Contains(':', StringComparison.Ordinal) ? "world-ipv6" : "world-ipv4", "");
        }
        else
        {
            yield return ("reserved", endpoint.What == MWhat.RemoteNode ? "remote-node" : endpoint.What.ToString().ToLowerInvariant(), "");
        }

        if (endpoint.IsApiServer)
        {
            yield return ("reserved", "kube-apiserver", "");
        }
    }

    private bool Matches(MSelector selector, MEndpoint endpoint, Func<MCondition, bool>? except = null) => selector.Conditions.TrueForAll(c =>
    {
        if (except?.Invoke(c) ?? false)
        {
            return true;
        }

        int colon = c.Key.IndexOf(':', StringComparison.Ordinal);
        string source = colon < 0 ? "any" : c.Key[..colon], key = c.Key[(colon + 1)..];
        string?[] values = [.. LabelsOf(endpoint).Where(l => l.Key == key && (source == "any" || source == l.Source)).Select(l => l.Value)];
        return Holds(c, values.FirstOrDefault());
    });

    private static bool All(MSelector selector, Predicate<MCondition> holds) => selector.Conditions.TrueForAll(holds);

    private static bool Holds(MCondition condition, string? value) => condition.Operator switch
    {
        "=" or "In" => value is not null && condition.Values.Contains(value),
        "NotIn" => value is null || !condition.Values.Contains(value),
        "Exists" => value is not null,
        _ => value is null,
    };

    private static bool Within(string address, string cidr) => cidr.Contains('/', StringComparison.Ordinal)
        ? Block(cidr).Contains(IPAddress.Parse(address))
        : IPAddress.Parse(cidr).Equals(IPAddress.Parse(address));

    private static IPNetwork Block(string cidr)
    {
        // IPNetwork wants the host bits to be zero, policies need not have it so.
        string[] parts = cidr.Split('/');
        int length = int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture);
        byte[] bytes = IPAddress.Parse(parts[0]).GetAddressBytes();
        for (int bit = length; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new IPNetwork(new IPAddress(bytes), length);
    }
}
