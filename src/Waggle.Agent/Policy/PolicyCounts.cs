using Waggle.Agent.Endpoints;
using Waggle.Hosting.Metrics;
using Waggle.Policy.Compile;

namespace Waggle.Agent.Policy;

/// <summary>Figures of policy, under the names that dashboards know.</summary>
internal sealed class PolicyCounts(EndpointTable endpoints) : IMetricsSource
{
    private readonly Lock _lock = new();
    private readonly (string Map, int Used, int Max)[] _maps = new (string, int, int)[3];
    private PolicyUsage _usage = new(0, 0, 0, 0, 0, 0, 0, 0, 0);
    private long _revision, _regenerations, _accepted, _refused;
    private double _seconds;
    private int _behind;
    private IReadOnlyDictionary<string, long> _asked = new Dictionary<string, long>();

    public void Round(TimeSpan took)
    {
        lock (_lock)
        {
            _regenerations++;
            _seconds += took.TotalSeconds;
        }
    }

    public void Changed(bool accepted)
    {
        lock (_lock)
        {
            (_accepted, _refused) = accepted ? (_accepted + 1, _refused) : (_accepted, _refused + 1);
        }
    }

    public void Set(PolicyUsage usage, long revision, int peers, int peersMax, int rules, int rulesMax, int subjects, int subjectsMax)
    {
        lock (_lock)
        {
            (_usage, _revision) = (usage, revision);
            _maps[0] = ("policy_peers", peers, peersMax);
            _maps[1] = ("policy_rules", rules, rulesMax);
            _maps[2] = ("policy_subjects", subjects, subjectsMax);
        }
    }

    /// <summary>What does not fit.</summary>
    /// <param name="endpoints">Endpoints that keep an older policy, or whose policy lacks peers.</param>
    /// <param name="asked">By limit (peers, ports, cidrs): the most that was asked for.</param>
    public void Behind(int endpoints, IReadOnlyDictionary<string, long> asked)
    {
        lock (_lock)
        {
            (_behind, _asked) = (endpoints, asked);
        }
    }

    /// <summary>Use of each limit, for <c>waggle limits</c>.</summary>
    public (PolicyUsage Usage, (string Map, int Used, int Max)[] Maps, IReadOnlyDictionary<string, long> Asked) Usage()
    {
        lock (_lock)
        {
            return (_usage, [.. _maps], _asked);
        }
    }

    public void Write(MetricsWriter writer)
    {
        lock (_lock)
        {
            writer.Family("cilium_policy", "gauge", "Policies loaded.").Sample(_usage.Policies);
            writer.Family("cilium_policy_max_revision", "gauge", "Highest policy revision.").Sample(_revision);
            writer.Family("cilium_policy_change_total", "counter", "Changes of policies by outcome.").Sample(_accepted, ("outcome", "success")).Sample(_refused, ("outcome", "fail"));
            writer.Family("cilium_policy_regeneration_total", "counter", "Rounds in which policy was compiled.").Sample(_regenerations);
            writer.Family("cilium_policy_regeneration_time_seconds_total", "counter", "Time that these took.").Sample(_seconds);
            writer.Family("cilium_policy_subjects", "gauge", "Compiled policies that endpoints share.").Sample(_usage.Subjects);
            writer.Family("cilium_policy_tables", "gauge", "Tables that they share.").Sample(_usage.Tables);
            writer.Family("cilium_policy_rules", "gauge", "Reasons for verdicts that are told apart.").Sample(_usage.Rules);
            writer.Family("cilium_policy_cidrs", "gauge", "Prefixes with an identity of their own.").Sample(_usage.Cidrs);
            writer.Family("cilium_policy_endpoints_behind", "gauge", "Endpoints that keep an older policy, or whose policy lacks peers, because it does not fit.").Sample(_behind);
            writer.Family("cilium_identity", "gauge", "Identities that policy knows.").Sample(_usage.Identities, ("type", "all"));
            writer.Family("cilium_bpf_map_pressure", "gauge", "Share of a map's rows that are in use.");
            foreach ((string map, int used, int max) in _maps.Where(m => m.Max > 0))
            {
                writer.Sample((double)used / max, ("map_name", map));
            }
        }

        writer.Family("cilium_policy_endpoint_enforcement_status", "gauge", "Endpoints by what is enforced for them.");
        foreach (IGrouping<string, EndpointRow> group in endpoints.View.All().GroupBy(r => Status(r.Policy)))
        {
            writer.Sample(group.Count(), ("enforcement", group.Key));
        }
    }

    private static string Status(EndpointPolicy p) =>
        (p.Audit && (p.Ingress || p.Egress) ? "audit-" : "") + (p.Ingress && p.Egress ? "both" : p.Ingress ? "ingress" : p.Egress ? "egress" : "none");
}
