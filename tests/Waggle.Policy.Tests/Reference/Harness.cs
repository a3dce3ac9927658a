using System.Collections.Immutable;
using System.Net;
using Waggle.Policy.Addresses;
using Waggle.Policy.Compile;
using Waggle.Policy.Labels;
using Waggle.Policy.Rules;

namespace Waggle.Policy.Tests.Reference;

/// <summary>Feeds a model cluster to an engine as the agent does, keeps the simulated kernel up to date and compares with the reference.</summary>
internal sealed class Harness
{
    private const uint FirstCidr = 1 << 24;

    private readonly Dictionary<IpPrefix, uint> _cidrs = [];
    private readonly Dictionary<int, uint> _identities = [];
    private readonly HashSet<PolicyKey> _policies = [];
    private readonly HashSet<(string Namespace, string Name)> _services = [];
    private readonly HashSet<string> _groups = [];
    private readonly HashSet<uint> _subjects = [];
    private uint _nextCidr = FirstCidr;

    public Harness(PolicyEngineOptions? options = null) => Engine = new PolicyEngine(options ?? new PolicyEngineOptions { Cluster = "kind" });

    public PolicyEngine Engine { get; }

    public SimulatedKernel Kernel { get; } = new();

    /// <summary>Brings engine and kernel to what the model is now.</summary>
    public void Sync(MCluster cluster, Action? between = null)
    {
        var reference = new ReferenceEvaluator(cluster);
        Engine.SetMode(cluster.Mode switch { "always" => EnforcementMode.Always, "never" => EnforcementMode.Never, _ => EnforcementMode.Default });
        foreach ((string name, List<string> cidrs) in cluster.Groups)
        {
            Engine.UpsertCidrGroup(name, [.. cidrs.Select(Prefix)]);
        }

        foreach (string gone in _groups.Except(cluster.Groups.Keys).ToList())
        {
            Engine.RemoveCidrGroup(gone);
        }

        _groups.Clear();
        _groups.UnionWith(cluster.Groups.Keys);
        foreach (MClusterService service in cluster.Services)
        {
            Engine.UpsertService(new PolicyService
            {
                Namespace = service.Namespace,
                Name = service.Name,
                Labels = LabelSet.Of(service.Labels.Select(l => new Label("k8s", l.Key, l.Value))),
                Selector = service.Selector?.ToImmutableDictionary(),
                Backends = [.. service.Backends.Select(IPAddress.Parse)],
            });
        }

        foreach ((string ns, string name) in _services.Except(cluster.Services.Select(s => (s.Namespace, s.Name))).ToList())
        {
            Engine.RemoveService(ns, name);
        }

        _services.Clear();
        _services.UnionWith(cluster.Services.Select(s => (s.Namespace, s.Name)));
        var keys = new HashSet<PolicyKey>();
        foreach (MPolicy policy in cluster.Policies)
        {
            ParsedPolicy parsed = PolicyParser.Parse(KindOf(policy.Kind), Manifest.Of(policy));
            Assert.True(parsed.IsValid, string.Join('\n', parsed.Errors) + Manifest.Of(policy));
            Assert.True(Engine.UpsertPolicy(parsed));
            keys.Add(parsed.Key);
        }

        foreach (PolicyKey gone in _policies.Except(keys).ToList())
        {
            Assert.True(Engine.RemovePolicy(gone));
        }

        _policies.Clear();
        _policies.UnionWith(keys);
        SyncCidrs();
        var present = new HashSet<int>();
        foreach (MEndpoint endpoint in cluster.Endpoints.Where(e => e.What != MWhat.World))
        {
            present.Add(endpoint.Id);
            _identities[endpoint.Id] = (uint)(1000 + endpoint.Id);
            LabelSet labels = LabelSet.Of(reference.LabelsOf(endpoint).Select(l => new Label(l.Source, l.Key, l.Value)));
            ImmutableArray<NamedPort> ports = [.. endpoint.Ports.Select(p => new NamedPort(p.Name, Protocol(p.Protocol), (ushort)p.Port))];
            Engine.UpsertIdentity(_identities[endpoint.Id], labels, ports);
            if (endpoint.What is MWhat.Pod or MWhat.Host or MWhat.Init)
            {
                uint subject = (uint)endpoint.Id + 1;
                if (_subjects.Add(subject) || Engine.Subject(subject) is not null)
                {
                    Engine.UpsertSubject(subject, new SubjectSpec { Identity = _identities[endpoint.Id], Labels = labels, Ports = ports, IsHost = endpoint.What == MWhat.Host });
                }
            }
        }

        foreach (int gone in _identities.Keys.Except(present).ToList())
        {
            Engine.RemoveIdentity(_identities[gone]);
            _identities.Remove(gone);
            if (_subjects.Remove((uint)gone + 1))
            {
                Engine.RemoveSubject((uint)gone + 1);
            }
        }

        Engine.UpsertIdentity(9, LabelSet.Parse("reserved:world", "reserved:world-ipv4"));
        Engine.UpsertIdentity(10, LabelSet.Parse("reserved:world", "reserved:world-ipv6"));
        Kernel.Apply(Engine.Commit(), between);
    }

    public uint IdentityOf(MEndpoint endpoint)
    {
        if (endpoint.What != MWhat.World)
        {
            return _identities[endpoint.Id];
        }

        IpPrefix address = Prefix(endpoint.Address);
        uint best = address.IsIPv4 ? 9u : 10u;
        int length = -1;
        foreach ((IpPrefix prefix, uint id) in _cidrs)
        {
            if (prefix.Contains(address) && prefix.Length > length)
            {
                (best, length) = (id, prefix.Length);
            }
        }

        return best;
    }

    public IEnumerable<MEndpoint> Subjects(MCluster cluster) => cluster.Endpoints.Where(e => e.What is MWhat.Pod or MWhat.Host or MWhat.Init);

    /// <summary>Compares one packet; null when kernel and reference agree in verdict and reason.</summary>
    public string? Compare(MCluster cluster, ReferenceEvaluator reference, MEndpoint subject, bool isIngress, MEndpoint peer, byte protocol, ushort port)
    {
        Direction direction = isIngress ? Direction.Ingress : Direction.Egress;
        Verdict verdict = Kernel.Evaluate((uint)subject.Id + 1, direction, IdentityOf(peer), protocol, port);
        if (verdict != Engine.Evaluate((uint)subject.Id + 1, direction, IdentityOf(peer), protocol, port))
        {
            return $"{direction} of {Show(subject)}, peer {Show(peer)}, {protocol}/{port}: the engine evaluates otherwise than the kernel";
        }

        SubjectRow? row = Engine.Subject((uint)subject.Id + 1);
        bool isOff = row is null || !(isIngress ? row.Ingress : row.Egress).IsOn;
        foreach (bool withTrials in (bool[])[false, true])
        {
            MVerdict expected = reference.Evaluate(subject, isIngress, peer, protocol, port, withTrials);
            Decision decision = withTrials ? verdict.Shadow : verdict.Decision;
            RuleOrigin? origin = Engine.Describe(withTrials ? verdict.ShadowRule : verdict.Rule);
            string found = Text(decision, origin);

            // A direction that can deny nothing is off: it does not tell apart why it allows.
            string wanted = isOff && expected.IsAllowed ? "Allow by default" : Text(expected);
            if (found != wanted)
            {
                return $"{(withTrials ? "with trials: " : "")}{direction} of {Show(subject)}, peer {Show(peer)} (identity {IdentityOf(peer)}), {protocol}/{port}: {found} instead of {wanted}";
            }
        }

        return null;
    }

    private static string Text(MVerdict expected) => expected.Reason is MReason.NotSelected or MReason.DefaultAllow
        ? "Allow by default" : $"{expected.Reason} {string.Join(' ', expected.Places.Order(StringComparer.Ordinal))}";

    private static string Text(Decision decision, RuleOrigin? origin)
    {
        if (origin is null)
        {
            return decision == Decision.DefaultAllow ? "Allow by default" : $"{decision} without a rule";
        }

        Assert.Equal(origin.Kind == RuleOriginKind.Allow, decision.IsAllowed);
        Assert.Equal(origin.Kind == RuleOriginKind.DefaultDeny, decision.Match == PolicyMatch.None);
        IEnumerable<string> places = origin.Places.Select(p => p.Section < 0
            ? $"{p.Policy.Name}/{p.Rule}" : $"{p.Policy.Name}/{p.Rule}/{(p.Pointer.Contains("Deny/", StringComparison.Ordinal) ? "deny" : "allow")}/{p.Section}");
        return $"{origin.Kind} {string.Join(' ', places.Distinct().Order(StringComparer.Ordinal))}";
    }

    private static string Show(MEndpoint e) => e.What == MWhat.World ? e.Address : $"{e.What} {e.Id} {e.Namespace} {string.Join(',', e.Labels)} {string.Join(',', e.Ports)}";

    /// <summary>What the agent does with the prefixes that rules need: an identity each, with the labels of all around it.</summary>
    private void SyncCidrs()
    {
        foreach (IpPrefix gone in _cidrs.Keys.Except(Engine.RequiredCidrs).ToList())
        {
            Engine.RemoveIdentity(_cidrs[gone]);
            _cidrs.Remove(gone);
        }

        foreach (IpPrefix prefix in Engine.RequiredCidrs)
        {
            if (!_cidrs.ContainsKey(prefix))
            {
                _cidrs.Add(prefix, _nextCidr++);
            }
        }

        foreach ((IpPrefix prefix, uint id) in _cidrs)
        {
            Engine.UpsertIdentity(id, LabelSet.Parse(
                [.. _cidrs.Keys.Where(p => p.Contains(prefix)).Select(p => p.ToLabel()), "reserved:world", prefix.IsIPv4 ? "reserved:world-ipv4" : "reserved:world-ipv6"]));
        }
    }

    private static IpPrefix Prefix(string text) => IpPrefix.TryParse(text, out IpPrefix prefix) ? prefix : throw new FormatException(text);

    private static PolicyKind KindOf(MKind kind) => kind switch
    {
        MKind.Network => PolicyKind.NetworkPolicy,
        MKind.Cilium => PolicyKind.CiliumNetworkPolicy,
        _ => PolicyKind.CiliumClusterwideNetworkPolicy,
    };

    private static IpProtocol Protocol(string name) => name switch
    {
        "TCP" => IpProtocol.Tcp,
        "UDP" => IpProtocol.Udp,
        _ => IpProtocol.Sctp,
    };
}
