using Waggle.Policy.Addresses;
using Waggle.Policy.Compile;
using Waggle.Policy.Identities;
using Waggle.Policy.Labels;
using Waggle.Policy.Rules;
using Waggle.Policy.Selectors;

namespace Waggle.Policy.Explain;

/// <summary>Looks for policies that do not do what they seem to do, in a cluster as an engine knows it.</summary>
/// <param name="engine">Committed; with all endpoints whose policy counts as subjects.</param>
/// <param name="clusterPrefixes">Addresses of pods and nodes, which CIDR rules do not match.</param>
public sealed class PolicyLinter(PolicyEngine engine, IReadOnlyCollection<IpPrefix> clusterPrefixes)
{
    /// <summary>What is to be said about a policy, the most severe first. Invalid policies are judged by their errors alone.</summary>
    public IReadOnlyList<LintFinding> Check(ParsedPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        if (!policy.IsValid)
        {
            return [.. policy.Errors.Select(e => new LintFinding("invalid", LintSeverity.Error, policy.Key, e.Pointer, $"{e.Path}: {e.Message}"))];
        }

        var findings = new List<LintFinding>(policy.Warnings.Select(w => new LintFinding("not-enforceable", LintSeverity.Warning, policy.Key, w.Pointer, $"{w.Path}: {w.Message}")));
        HashSet<RulePlace> decisive = [.. engine.Origins.SelectMany(o => o.Places)];
        bool isCut = engine.Origins.Any(o => o.Places.Length >= OriginTable.MostPlaces);
        foreach (PolicyRule rule in policy.Rules)
        {
            CheckRule(policy, rule, decisive, isCut, findings);
        }

        return [.. findings.OrderByDescending(f => f.Severity)];
    }

    private void CheckRule(ParsedPolicy policy, PolicyRule rule, HashSet<RulePlace> decisive, bool isCut, List<LintFinding> findings)
    {
        List<uint> subjects = [.. engine.SubjectsOf(policy.Key).Where(s => engine.RulesOf(s).Any(r => r.Policy.Key == policy.Key && r.Rule.Index == rule.Index))];
        if (subjects.Count == 0)
        {
            findings.Add(new("selects-nothing", LintSeverity.Warning, policy.Key, rule.Pointer, $"no {(rule.SelectsNodes ? "node" : "endpoint")} matches {rule.Subject}: the rule has no effect now"));
        }

        if (rule.Sections.IsEmpty && !rule.DeniesIngressByDefault && !rule.DeniesEgressByDefault)
        {
            findings.Add(new("empty", LintSeverity.Warning, policy.Key, rule.Pointer, "there is neither an ingress nor an egress section: the rule has no effect"));
        }

        foreach (Direction direction in (ReadOnlySpan<Direction>)[Direction.Ingress, Direction.Egress])
        {
            CheckDefaults(policy, rule, direction, subjects, findings);
        }

        foreach (RuleSection section in rule.Sections)
        {
            CheckPeers(policy, rule, section, findings);
            CheckPorts(policy, section, subjects, findings);
            bool decides = decisive.Contains(new RulePlace(policy.Key, rule.Index, section.Index, section.Pointer));
            if (subjects.Count > 0 && !decides && !isCut && section.Effect == SectionEffect.Allow && Names(section) && subjects.Exists(s => engine.SideOf(s, section.Direction).IsOn))
            {
                findings.Add(new("shadowed", LintSeverity.Info, policy.Key, section.Pointer, "the section decides nothing now: what it allows is denied by a deny rule, or there are no such peers"));
            }
        }
    }

    private void CheckDefaults(ParsedPolicy policy, PolicyRule rule, Direction direction, List<uint> subjects, List<LintFinding> findings)
    {
        string name = direction.ToString().ToLowerInvariant();
        if (rule.DeniesByDefault(direction) || !rule.Sections.Any(s => s.Direction == direction))
        {
            if (rule.DeniesByDefault(direction) && !rule.Sections.Any(s => s.Direction == direction && (s.AllPeers || !s.Peers.IsEmpty)))
            {
                findings.Add(new("denies-all", LintSeverity.Info, policy.Key, rule.Pointer, $"the rule allows no {name} at all; it only turns on default deny"));
            }

            return;
        }

        PolicyKey? other = subjects.SelectMany(engine.RulesOf).Where(r => r.Policy.Key != policy.Key && r.Rule.DeniesByDefault(direction)).Select(r => (PolicyKey?)r.Policy.Key).FirstOrDefault();
        if (other is { } denier)
        {
            findings.Add(new("mixed-default-deny", LintSeverity.Warning, policy.Key, rule.Pointer, $"enableDefaultDeny is off for {name}, but {denier} turns default deny on for some of the same endpoints"));
        }
        else if (subjects.Count > 0 && !rule.Sections.Any(s => s.Direction == direction && s.Effect != SectionEffect.Allow))
        {
            findings.Add(new("allows-what-is-allowed", LintSeverity.Info, policy.Key, rule.Pointer, $"enableDefaultDeny is off for {name} and nothing else denies: the rule changes nothing"));
        }
    }

    private void CheckPeers(ParsedPolicy policy, PolicyRule rule, RuleSection section, List<LintFinding> findings)
    {
        if (!section.AllPeers && section.Peers.IsEmpty && section.Requires.IsEmpty && section.Ports is not null)
        {
            findings.Add(new("names-nobody", LintSeverity.Warning, policy.Key, section.Pointer, "a list of peers is there but empty, which means nobody; leave it out to mean everybody"));
        }

        foreach (Peer peer in section.Peers)
        {
            string? fault = peer switch
            {
                SelectorPeer s when !s.Selector.Requirements.IsEmpty => Endpoints(policy, section, s.Selector, findings),
                NodePeer n when !engine.Identities.Any(i => IsNode(i.Labels) && n.Selector.Matches(i.Labels)) => $"no node matches {n.Selector}",
                CidrPeer c => Cidr(policy, section, c, findings),
                CidrGroupPeer g when engine.Referents.Group(g.Name).Length == 0 => $"there is no CiliumCIDRGroup {g.Name}, or it is empty: nobody is meant",
                ServicePeer v when !engine.Referents.Services(v).Any() => $"no Service {(v.Name is null ? $"with {v.Labels}" : v.Name)}{(v.Namespace.Length > 0 ? $" in {v.Namespace}" : "")}: nobody is meant",
                _ => null,
            };
            if (fault is not null)
            {
                findings.Add(new("peer-missing", LintSeverity.Info, policy.Key, section.Pointer, fault));
            }
        }

        if (rule.SelectsNodes && section.IsDeny && section.Direction == Direction.Ingress && section.Peers.Any(p => p is EntityPeer { Entity: Entity.All or Entity.Cluster or Entity.RemoteNode }))
        {
            findings.Add(new("denies-nodes", LintSeverity.Warning, policy.Key, section.Pointer, "a deny for nodes that names the other nodes cuts what the cluster needs, but for what Waggle protects (the API server, tunnels, health)"));
        }
    }

    private string? Endpoints(ParsedPolicy policy, RuleSection section, Selector selector, List<LintFinding> findings)
    {
        List<IdentityInfo> matched = [.. engine.Identities.Where(i => selector.Matches(i.Labels))];
        bool namesReserved = selector.Requirements.Any(r => r.Source == Label.ReservedSource);
        if (!namesReserved && matched.Exists(i => i.Labels.Namespace is null && !IsInCluster(i.Labels)))
        {
            findings.Add(new(
                "matches-the-world", section.IsDeny ? LintSeverity.Info : LintSeverity.Warning, policy.Key, section.Pointer,
                $"{selector} has only conditions that rule out, so it matches the world outside the cluster too; add k8s:{WellKnownLabels.Namespace} Exists to mean pods"));
        }

        return matched.Count == 0 ? $"nothing matches {selector}" : null;
    }

    private string? Cidr(ParsedPolicy policy, RuleSection section, CidrPeer peer, List<LintFinding> findings)
    {
        // A wide prefix that happens to hold the cluster's is common and harmless.
        if (clusterPrefixes.Any(c => c.Contains(peer.Prefix)))
        {
            findings.Add(new("cidr-in-cluster", LintSeverity.Warning, policy.Key, section.Pointer, $"{peer.Prefix} are addresses of the cluster, which CIDR rules never match: select pods by label, nodes by entity"));
        }

        return peer.Except.Contains(peer.Prefix) ? $"what {peer.Prefix} leaves out is all of it" : null;
    }

    private void CheckPorts(ParsedPolicy policy, RuleSection section, List<uint> subjects, List<LintFinding> findings)
    {
        if (section.Ports is { IsEmpty: true })
        {
            findings.Add(new("no-ports", LintSeverity.Warning, policy.Key, section.Pointer, "the list of ports is empty, which means no traffic; leave it out to mean all"));
        }

        foreach (string name in (section.Ports ?? []).Select(p => p.Name).OfType<string>().Distinct())
        {
            bool isKnown = section.Direction == Direction.Ingress
                ? subjects.Exists(s => engine.SpecOf(s)!.Ports.Any(p => p.Name == name))
                : engine.Identities.Any(i => Array.Exists(i.Ports, p => p.Name == name));
            if (!isKnown && subjects.Count > 0)
            {
                findings.Add(new("port-name-unknown", LintSeverity.Warning, policy.Key, section.Pointer, $"no container names a port {name}: nothing is matched"));
            }
        }
    }

    private bool Names(RuleSection section) => section.AllPeers || section.Peers.Any(p => p switch
    {
        SelectorPeer s => engine.Identities.Any(i => s.Selector.Matches(i.Labels)),
        EntityPeer => true,
        _ => false,
    });

    private static bool IsNode(LabelSet labels) => labels.HasReserved("host") || labels.HasReserved("remote-node");

    private static bool IsInCluster(LabelSet labels) => !labels.HasReserved("world") && !labels.HasReserved("world-ipv4") && !labels.HasReserved("world-ipv6");
}
