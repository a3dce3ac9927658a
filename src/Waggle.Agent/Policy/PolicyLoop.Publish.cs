using Waggle.Agent.Endpoints;
using Waggle.Agent.Identities;
using Waggle.Policy.Compile;
using Waggle.State.Tables;

namespace Waggle.Agent.Policy;

/// <summary>What the round reached, for those who wait and for people.</summary>
internal sealed partial class PolicyLoop
{
    private readonly HashSet<string> _warned = new(StringComparer.Ordinal);

    private void Publish()
    {
        var unfit = _unfit.Where(u => u.Subject != 0).ToDictionary(u => u.Subject);
        Dictionary<uint, DoesNotFit> tables = _unfit.Where(u => u.Subject == 0 && u.Table != 0).ToDictionary(u => u.Table);
        bool auditAll = _config.Current.Flag("policy-audit-mode");
        var rows = new List<PolicySubjectRow>();
        var states = new Dictionary<SubjectKey, EndpointPolicy>();
        foreach (SubjectBook.Entry entry in _book.All)
        {
            SubjectRow? wanted = _wanted.GetValueOrDefault(entry.Number);
            bool inKernel = wanted is not null && _kernel.Subjects.TryGetValue(entry.Number, out var have) && have.Ingress.Table == wanted.Ingress.Table && have.Egress.Table == wanted.Egress.Table;
            entry.Problem = unfit.TryGetValue(entry.Number, out DoesNotFit? problem) ? Text(problem) : wanted is null ? "" : inKernel ? Lacking(wanted, tables) : _full;
            Answer(entry, wanted, problem);
            if (wanted is not null)
            {
                bool audit = auditAll || entry.Key.Audit;
                states[entry.Key] = new EndpointPolicy(wanted.Ingress.IsOn, wanted.Egress.IsOn, audit);
                rows.Add(new PolicySubjectRow(
                    entry.Number, entry.Key with { Audit = audit }, entry.Labels, wanted.Ingress.IsOn, wanted.Egress.IsOn, wanted.Ingress.Table, wanted.Egress.Table, wanted.Revision, entry.Endpoints, entry.Problem));
            }
        }

        if (_wanted.TryGetValue(HostSubject, out SubjectRow? host))
        {
            rows.Add(new PolicySubjectRow(
                HostSubject, new SubjectKey(ReservedIdentity.Host, "", auditAll), _hostLabels ?? [], host.Ingress.IsOn, host.Egress.IsOn, host.Ingress.Table, host.Egress.Table, host.Revision, 1,
                unfit.TryGetValue(HostSubject, out DoesNotFit? problem) ? Text(problem) : Lacking(host, tables)));
        }

        using (WriteTransaction transaction = _subjectTable.Db.Write(_subjectTable))
        {
            transaction.Replace(_subjectTable, rows);
            transaction.Commit();
        }

        PublishEndpoints(states);
        PublishStatus();
        Warn(rows);
        _counts.Behind(rows.Where(r => r.Problem.Length > 0).Sum(r => r.Endpoints), Refused());
        _counts.Set(_engine.Usage(), _engine.Revision, _kernel.Peers, _kernel.Maps.PeersMax, _kernel.Rules, _kernel.Maps.RulesMax, _kernel.Subjects.Count, _kernel.Maps.SubjectsMax);
    }

    private void Answer(SubjectBook.Entry entry, SubjectRow? wanted, DoesNotFit? problem)
    {
        if (entry.Waiting.Count == 0 || wanted is null)
        {
            return;
        }

        if (problem is { KeptRevision: 0 } || (!_kernel.Subjects.ContainsKey(entry.Number) && _full.Length > 0))
        {
            var failure = new PolicyNotRealizedException(problem is null ? _full : Text(problem));
            entry.Waiting.ForEach(w => w.TrySetException(failure));
        }
        else if (_kernel.Subjects.ContainsKey(entry.Number))
        {
            entry.Waiting.ForEach(w => w.TrySetResult(entry.Number));
        }
        else
        {
            return;
        }

        entry.Waiting.Clear();
    }

    private void PublishEndpoints(Dictionary<SubjectKey, EndpointPolicy> states)
    {
        EndpointRow[] stale = [.. _endpoints.View.All().Where(r => states.TryGetValue(SubjectKey.Of(r.State), out EndpointPolicy? state) && state != r.Policy)];
        if (stale.Length == 0)
        {
            return;
        }

        using WriteTransaction transaction = _endpoints.Db.Write(_endpoints);
        foreach (EndpointRow row in stale)
        {
            if (transaction.View(_endpoints).Find(row.Id) is { } now && states.TryGetValue(SubjectKey.Of(now.State), out EndpointPolicy? state))
            {
                transaction.Upsert(_endpoints, now with { Policy = state });
            }
        }

        transaction.Commit();
    }

    private void PublishStatus()
    {
        var endpointsOf = _book.All.ToDictionary(e => e.Number, e => e.Endpoints);
        endpointsOf[HostSubject] = 1;
        var rows = new List<PolicyStatusRow>();
        foreach (PolicyRow policy in _policies.View.All())
        {
            string problem = _refused.GetValueOrDefault(policy.Key) ?? _prefixes.HeldBack.GetValueOrDefault(policy.Key) ?? "";
            IReadOnlyCollection<uint> subjects = _engine.SubjectsOf(policy.Parsed.Key);
            if (problem.Length == 0)
            {
                problem = subjects.Select(s => _subjectTable.View.Find(s)?.Problem ?? "").FirstOrDefault(p => p.Length > 0) ?? "";
                if (problem.Length == 0)
                {
                    _inForceSince.TryAdd(policy.Key, _engine.Revision);
                }
            }

            rows.Add(new PolicyStatusRow(policy.Key, policy.Parsed.Uid, policy.Parsed.Generation, subjects.Sum(s => endpointsOf.GetValueOrDefault(s)), _inForceSince.GetValueOrDefault(policy.Key), problem));
        }

        using WriteTransaction transaction = _statusTable.Db.Write(_statusTable);
        transaction.Replace(_statusTable, rows);
        transaction.Commit();
    }

    /// <summary>Says it once, where people look: health, log, and the pods that are concerned.</summary>
    private void Warn(List<PolicySubjectRow> rows)
    {
        string[] problems = [.. rows.Select(r => r.Problem).Append(_full).Concat(_held.Select(h => $"{h.Key}: {h.Value}")).Concat(_unfit.Where(u => u.Subject == 0).Select(Text)).Where(p => p.Length > 0).Distinct()];
        if (problems.Length == 0)
        {
            _warned.Clear();
            _health.Ok($"revision {_engine.Revision}, {_policies.Count} policies, {rows.Count} subjects");
            return;
        }

        _health.Degraded($"some endpoints keep an older policy: {problems[0]}");
        foreach (string problem in problems.Where(_warned.Add))
        {
            LogDoesNotFit(problem);
        }

        foreach (EndpointRow endpoint in _endpoints.View.All().Where(e => e.PodKey.Length > 0))
        {
            if (rows.FirstOrDefault(r => r.Number == endpoint.State.PolicySubject) is { Problem.Length: > 0 } row && _warned.Count < 1000 && _warned.Add($"{endpoint.PodKey} {row.Problem}"))
            {
                _events.Warn(endpoint.State.Namespace, endpoint.State.Pod, endpoint.State.PodUid, "PolicyNotRealized", $"the pod keeps the last policy that was complete: {row.Problem}");
            }
        }
    }

    /// <summary>By the name of each limit that something runs into: the most that was asked for.</summary>
    private Dictionary<string, long> Refused()
    {
        Dictionary<string, long> all = _unfit.GroupBy(u => u.Limit).ToDictionary(g => g.Key, g => g.Max(u => u.Needed));
        if (_held.Count > 0)
        {
            all["cidrs"] = _prefixes.Asked;
        }

        return all;
    }

    /// <summary>What a subject whose tables are in force lacks in them: peers that found no room are refused.</summary>
    private static string Lacking(SubjectRow row, Dictionary<uint, DoesNotFit> tables) =>
        (tables.GetValueOrDefault(row.Ingress.Table) ?? tables.GetValueOrDefault(row.Egress.Table)) is { } problem
            ? $"{problem.Needed} {problem.Limit} are needed, there is room for {problem.Most}; peers that do not fit are refused (waggle limits)" : "";

    private static string Text(DoesNotFit u) =>
        $"{u.Needed} {u.Limit} are needed, there is room for {u.Most}{(u.KeptRevision > 0 ? $"; revision {u.KeptRevision} stays in force" : "; nothing passes until it fits")} (waggle limits)";
}
