using Waggle.Policy.Addresses;
using Waggle.Policy.Identities;
using Waggle.Policy.Rules;

namespace Waggle.Policy.Compile;

public sealed partial class PolicyEngine
{
    private readonly HashSet<CompiledTable> _changedTables = [];
    private readonly HashSet<CompiledTable> _abandoned = [];
    private readonly HashSet<CompiledTable> _tablesOfNames = [];
    private readonly HashSet<uint> _unfitSubjects = [];
    private long _rowsWhenUnfit;

    /// <summary>Computes what has to be done so that all changes since the last commit hold.</summary>
    public ChangeSet Commit()
    {
        // 1. Identities, into the tables that are in use.
        bool mayChange = false;
        List<CompiledTable> closed = [.. _tablesByNumber.Values.Select(t => t.Table).Where(t => t.IsClosedToStrangers)];
        bool fewer = _pendingIdentities.Any(i => i.Value.Labels is null && _identities.Find(i.Key) is not null);
        MoveIdentities(ref mayChange);
        RetryUnfitPeers(ref mayChange);

        // 2. Subjects whose rules changed, and those whose tables begin or end to refuse strangers.
        if (_policiesChanged || fewer || _capacity.Peers + _capacity.Ports < _rowsWhenUnfit)
        {
            _dirty.UnionWith(_unfitSubjects);
        }

        if (_policiesChanged)
        {
            Revision++;
            _policiesChanged = false;
        }

        foreach (CompiledTable table in _tablesByNumber.Values.Select(t => t.Table).Where(t => t.IsClosedToStrangers != closed.Contains(t)))
        {
            _dirty.UnionWith(table.Subjects);
        }

        var images = new List<TableImage>();
        var rows = new List<SubjectRow>();
        foreach (uint number in _dirty.Order())
        {
            bool isNew = _subjects[number].Row is null;
            if (Compile(_subjects[number], images) is { } row)
            {
                rows.Add(row);
                mayChange |= !isNew;
            }
        }

        _dirty.Clear();

        // 3. What changed in place, then what nobody uses any more: its rows are those after the changes.
        var deltas = new List<TableDelta>();
        foreach (CompiledTable table in _changedTables.OrderBy(t => t.Number))
        {
            if (table.TakeChanges(_capacity) is { } delta)
            {
                deltas.Add(delta);
            }
        }

        _changedTables.Clear();
        List<TableImage> removed = RemoveTables();
        uint[] gone = [.. _removedSubjects.Order()];
        _removedSubjects.Clear();
        (IReadOnlyList<IpPrefix> added, IReadOnlyList<IpPrefix> removedCidrs) = _cidrs.TakeChanges();
        List<DoesNotFit> unfit = Unfit();
        return new ChangeSet
        {
            Revision = Revision,
            NewTables = images,
            Deltas = deltas,
            Subjects = rows,
            RemovedSubjects = gone,
            RemovedTables = removed,
            FreedRules = _origins.TakeFreed(),
            Unfit = unfit,
            AddedCidrs = added,
            RemovedCidrs = removedCidrs,
            VerdictsMayChange = mayChange,
            ShouldRetry = unfit.Count > 0 && (removed.Count > 0 || deltas.Any(d => d.RemovePeers.Count + d.RemovePorts.Count > 0)),
        };
    }

    private void MoveIdentities(ref bool mayChange)
    {
        foreach ((uint id, (Labels.LabelSet? labels, IReadOnlyCollection<NamedPort>? ports)) in _pendingIdentities)
        {
            IdentityInfo? before = _identities.Find(id);
            if (before is null && labels is null)
            {
                continue;
            }

            if (before is not null && labels is not null && before.HasSame(labels, new IdentityInfo(id, 0, labels, ports).Ports))
            {
                continue;
            }

            List<PeerSelector> matchedBefore = before is null ? [] : _selectors.Matching(before.Labels);
            if (before is not null)
            {
                _identities.Remove(before);
                matchedBefore.ForEach(s => s.Matched.Remove(before));
            }

            IdentityInfo? after = labels is null ? null : _identities.Add(id, labels, ports);
            List<PeerSelector> matchedAfter = after is null ? [] : _selectors.Matching(after.Labels);
            if (after is not null)
            {
                matchedAfter.ForEach(s => s.Matched.Add(after));
            }

            var tables = new HashSet<CompiledTable>();
            foreach (PeerSelector selector in matchedBefore)
            {
                tables.UnionWith(selector.Tables);
            }

            foreach (PeerSelector selector in matchedAfter)
            {
                tables.UnionWith(selector.Tables);
            }

            if (before is { Ports.Length: > 0 } || after is { Ports.Length: > 0 })
            {
                tables.UnionWith(_tablesOfNames);
            }

            foreach (CompiledTable table in tables)
            {
                table.Move(before, matchedBefore, after, matchedAfter, _capacity, ref mayChange);
                _changedTables.Add(table);
            }
        }

        _pendingIdentities.Clear();
    }

    /// <summary>Rows for which there was no room are tried again.</summary>
    private void RetryUnfitPeers(ref bool mayChange)
    {
        foreach ((_, CompiledTable table) in _tablesByNumber.Values)
        {
            foreach (uint id in table.Unfit.Count == 0 ? [] : table.Unfit.ToArray())
            {
                if (_identities.Find(id) is { } info && _capacity.Fits(1, 0))
                {
                    List<PeerSelector> matching = _selectors.Matching(info.Labels);
                    table.Move(info, matching, info, matching, _capacity, ref mayChange);
                    _changedTables.Add(table);
                }
            }
        }
    }

    /// <summary>Finds a subject's rules and tables; its row when that is another than before.</summary>
    private SubjectRow? Compile(SubjectState state, List<TableImage> images)
    {
        var found = new List<RuleEntry>();
        _rules.Find(state.Spec.Labels, found);
        found.RemoveAll(r => r.Rule.SelectsNodes != state.Spec.IsHost);
        found.Sort(static (a, b) => a.Serial.CompareTo(b.Serial));
        Count(state, found);
        state.Unfit = null;
        (CompiledTable? ingress, bool ingressFits) = TableFor(state, Direction.Ingress, images);
        (CompiledTable? egress, bool egressFits) = TableFor(state, Direction.Egress, images);
        if (!ingressFits || !egressFits)
        {
            // Both sides or none: the last complete policy stays, or, without one, nothing passes.
            Abandon(ingress);
            Abandon(egress);
            _unfitSubjects.Add(state.Number);
            _rowsWhenUnfit = _capacity.Peers + _capacity.Ports;
            return state.Row is null ? state.Row = new SubjectRow(state.Number, SubjectSide.Closed, SubjectSide.Closed, 0) : null;
        }

        _unfitSubjects.Remove(state.Number);
        state.Ingress = Use(state.Number, state.Ingress, ingress);
        state.Egress = Use(state.Number, state.Egress, egress);
        var row = new SubjectRow(state.Number, Side(ingress), Side(egress), Revision);
        bool isSame = state.Row is not null && state.Row.Ingress == row.Ingress && state.Row.Egress == row.Egress;
        state.Row = row;
        return isSame ? null : row;
    }

    private static SubjectSide Side(CompiledTable? table) => table is null ? SubjectSide.Off : new SubjectSide(true, table.Number, table.OtherValue);

    private CompiledTable? Use(uint subject, CompiledTable? before, CompiledTable? now)
    {
        if (before != now)
        {
            before?.Subjects.Remove(subject);
            Abandon(before);
            now?.Subjects.Add(subject);
        }

        return now;
    }

    /// <summary>The table for a direction, made when there is none yet; null when the direction is off.</summary>
    private (CompiledTable? Table, bool Fits) TableFor(SubjectState state, Direction direction, List<TableImage> images)
    {
        if (Options.Mode == EnforcementMode.Never)
        {
            return (null, true);
        }

        List<RuleEntry> rules = [.. state.Rules.Where(r => r.Concerns(direction))];
        bool always = Options.Mode == EnforcementMode.Always || state.Spec.Labels.HasReserved("init");
        List<RuleEntry> denying = [.. rules.Where(r => r.Rule.DeniesByDefault(direction) && !r.Policy.IsProtected)];
        bool denyInShadow = always || denying.Count > 0, deny = always || denying.Exists(r => !r.Policy.IsOnTrial);
        if (!denyInShadow && !rules.Exists(r => r.Rule.Sections.Any(s => s.Direction == direction && s.Effect is SectionEffect.Deny or SectionEffect.Unenforceable)))
        {
            return (null, true);
        }

        NamedPort[] ports = direction == Direction.Ingress ? PortsFor(state, rules) : [];
        var key = new TableKey(direction, deny, denyInShadow, string.Join(',', rules.Select(r => r.Serial)), string.Join(',', ports));
        if (_tables.TryGetValue(key, out CompiledTable? table))
        {
            return (table, true);
        }

        uint denyRule = deny ? _origins.Acquire(RuleOriginKind.DefaultDeny, direction, [.. denying.Where(r => !r.Policy.IsOnTrial).Select(r => r.Place)]) : 0;
        uint shadowRule = denyInShadow ? _origins.Acquire(RuleOriginKind.DefaultDeny, direction, [.. denying.Select(r => r.Place)]) : 0;
        table = new CompiledTable(
            _nextTable++, direction, new TableSource(_resolver.Resolve(rules, direction), ports), _origins, new Defaults(deny, denyRule, denyInShadow, shadowRule));
        foreach (PeerSelector selector in table.Selectors)
        {
            selector.Tables.Add(table);
        }

        bool hasClasses = table.Build(_identities);
        if (!hasClasses || !_capacity.Fits(table.Peers, table.Ports))
        {
            state.Unfit = !hasClasses ? new DoesNotFit(state.Number, 0, "classes", ushort.MaxValue, ushort.MaxValue - 1, state.Row?.Revision ?? 0)
                : _capacity.Peers + table.Peers > _capacity.MaxPeers ? new DoesNotFit(state.Number, 0, "peers", _capacity.Peers + table.Peers, _capacity.MaxPeers, state.Row?.Revision ?? 0)
                : new DoesNotFit(state.Number, 0, "ports", _capacity.Ports + table.Ports, _capacity.MaxPorts, state.Row?.Revision ?? 0);
            table.ReleaseAll();
            _selectors.Detach(table);
            return (null, false);
        }

        _capacity.Peers += table.Peers;
        _capacity.Ports += table.Ports;
        _tables.Add(key, table);
        _tablesByNumber.Add(table.Number, (key, table));
        if (table.UsesNamesOfPeers)
        {
            _tablesOfNames.Add(table);
        }

        images.Add(table.Image(_identities));
        return (table, true);
    }

    /// <summary>What port names mean for a subject, as far as a rule uses them: subjects that differ in nothing else share a table.</summary>
    private static NamedPort[] PortsFor(SubjectState state, List<RuleEntry> rules)
    {
        if (state.Spec.Ports.IsEmpty)
        {
            return [];
        }

        HashSet<string> used = [.. rules.SelectMany(r => r.Rule.Sections).Where(s => s.Direction == Direction.Ingress)
            .SelectMany(s => s.Ports ?? []).Select(p => p.Name).OfType<string>()];
        return [.. state.Spec.Ports.Where(p => used.Contains(p.Name)).Distinct().OrderBy(p => p.Name, StringComparer.Ordinal).ThenBy(p => p.Protocol).ThenBy(p => p.Port)];
    }

    private void Abandon(CompiledTable? table)
    {
        if (table is { Subjects.Count: 0 })
        {
            _abandoned.Add(table);
        }
    }

    private List<TableImage> RemoveTables()
    {
        var removed = new List<TableImage>();
        foreach (CompiledTable table in _abandoned.OrderBy(t => t.Number))
        {
            if (table.Subjects.Count > 0 || !_tablesByNumber.Remove(table.Number, out (TableKey Key, CompiledTable Table) entry))
            {
                continue;
            }

            removed.Add(table.Image(_identities));
            _tables.Remove(entry.Key);
            _tablesOfNames.Remove(table);
            _capacity.Peers -= table.Peers;
            _capacity.Ports -= table.Ports;
            table.ReleaseAll();
            _selectors.Detach(table);
        }

        _abandoned.Clear();
        return removed;
    }

    private List<DoesNotFit> Unfit() =>
    [
        .. _refused.Values,
        .. _unfitSubjects.Order().Select(s => _subjects[s].Unfit).OfType<DoesNotFit>(),
        .. _tablesByNumber.Values.Where(t => t.Table.Unfit.Count > 0).Select(t => new DoesNotFit(0, t.Table.Number, "peers", _capacity.Peers + t.Table.Unfit.Count, _capacity.MaxPeers, Revision)),
    ];

    /// <summary>Keeps, for each policy, the subjects it applies to.</summary>
    private void Count(SubjectState state, List<RuleEntry> rules)
    {
        HashSet<PolicyKey> before = [.. state.Rules.Select(r => r.Policy.Key)], now = [.. rules.Select(r => r.Policy.Key)];
        foreach (PolicyKey key in before)
        {
            if (!now.Contains(key) && _subjectsOf.TryGetValue(key, out HashSet<uint>? subjects) && subjects.Remove(state.Number) && subjects.Count == 0)
            {
                _subjectsOf.Remove(key);
            }
        }

        foreach (PolicyKey key in now)
        {
            if (!before.Contains(key))
            {
                if (!_subjectsOf.TryGetValue(key, out HashSet<uint>? subjects))
                {
                    _subjectsOf.Add(key, subjects = []);
                }

                subjects.Add(state.Number);
            }
        }

        state.Rules = rules;
    }
}
