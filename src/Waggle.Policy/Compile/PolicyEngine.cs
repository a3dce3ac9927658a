using Waggle.Policy.Addresses;
using Waggle.Policy.Identities;
using Waggle.Policy.Labels;
using Waggle.Policy.Rules;
using Waggle.Policy.Selectors;

namespace Waggle.Policy.Compile;

/// <summary>
/// Compiles policies into the tables of the kernel, and keeps them up to date step by step. Changes are collected and take effect
/// together with <see cref="Commit"/>. For one thread at a time.
/// </summary>
/// <remarks>
/// What a change costs: an identity, the selectors in use that match it and a row per table that uses one of them; a policy, the subjects
/// that it selects or selected; neither depends on how many policies or identities there are.
/// </remarks>
public sealed partial class PolicyEngine
{
    private readonly IdentityStore _identities = new();
    private readonly IdentityStore _subjectIndex = new();
    private readonly PeerSelectorCache _selectors;
    private readonly Referents _referents = new();
    private readonly SectionResolver _resolver;
    private readonly OriginTable _origins;
    private readonly PlaceTable _places = new();
    private readonly CidrDemand _cidrs;
    private readonly Capacity _capacity;
    private readonly SelectorIndex<RuleEntry> _rules = new();
    private readonly Dictionary<PolicyKey, (ParsedPolicy Policy, RuleEntry[] Entries)> _policies = [];
    private readonly Dictionary<string, int> _groupUses = new(StringComparer.Ordinal);
    private readonly Dictionary<uint, SubjectState> _subjects = [];
    private readonly Dictionary<PolicyKey, HashSet<uint>> _subjectsOf = [];
    private readonly Dictionary<TableKey, CompiledTable> _tables = [];
    private readonly Dictionary<uint, (TableKey Key, CompiledTable Table)> _tablesByNumber = [];
    private readonly Dictionary<uint, (LabelSet? Labels, IReadOnlyCollection<NamedPort>? Ports)> _pendingIdentities = [];
    private readonly HashSet<uint> _dirty = [];
    private readonly HashSet<uint> _removedSubjects = [];
    private readonly Dictionary<string, DoesNotFit> _refused = new(StringComparer.Ordinal);
    private int _nextSerial;
    private uint _nextTable;
    private bool _policiesChanged;

    public PolicyEngine(PolicyEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        _selectors = new PeerSelectorCache(_identities);
        _resolver = new SectionResolver(_selectors, _referents, options.Cluster);
        _origins = new OriginTable(options.MaxRules);
        _cidrs = new CidrDemand(options.MaxCidrs);
        _capacity = new Capacity(options);
        _nextTable = Math.Max(1, options.FirstTable);
    }

    public PolicyEngineOptions Options { get; private set; }

    /// <summary>Raised with each commit that has changes of policies.</summary>
    public long Revision { get; private set; } = 1;

    /// <summary>The policies that are compiled: the last valid version of each.</summary>
    public IReadOnlyCollection<ParsedPolicy> Policies => [.. _policies.Values.Select(p => p.Policy)];

    /// <summary>Prefixes that need a local identity: those that rules name, and what they leave out. Never one of length 0.</summary>
    public IReadOnlyCollection<IpPrefix> RequiredCidrs => _cidrs.All;

    /// <summary>Changes the mode for all subjects.</summary>
    public void SetMode(EnforcementMode mode)
    {
        if (mode != Options.Mode)
        {
            Options = Options with { Mode = mode };
            _dirty.UnionWith(_subjects.Keys);
            _policiesChanged = true;
        }
    }

    /// <summary>
    /// Adds or replaces a policy. Not taken, and false: a policy with errors, and one whose prefixes find no room (then it is told in
    /// <see cref="ChangeSet.Unfit"/>). The last version that was taken stays in force.
    /// </summary>
    public bool UpsertPolicy(ParsedPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        if (!policy.IsValid)
        {
            return false;
        }

        if (_policies.TryGetValue(policy.Key, out (ParsedPolicy Policy, RuleEntry[] Entries) old) && IsSameVersion(old.Policy, policy))
        {
            return true;
        }

        List<IpPrefix> demand = [.. policy.Rules.SelectMany(_referents.Demand), .. policy.CidrGroups.Where(g => !_groupUses.ContainsKey(g)).SelectMany(_referents.Group)];
        string name = policy.Key.ToString();
        if (!_cidrs.Fits(demand))
        {
            _refused[name] = new DoesNotFit(0, 0, "cidrs", _cidrs.Count + demand.Count, _cidrs.Most, old.Entries is null ? 0 : Revision) { Policy = policy.Key };
            return false;
        }

        _refused.Remove(name);
        RuleEntry[] entries = Enter(policy);
        if (old.Entries is not null)
        {
            Leave(old.Policy, old.Entries);
        }

        _policies[policy.Key] = (policy, entries);
        _policiesChanged = true;
        return true;
    }

    /// <returns>False when there was none.</returns>
    public bool RemovePolicy(PolicyKey key)
    {
        _refused.Remove(key.ToString());
        if (!_policies.Remove(key, out (ParsedPolicy Policy, RuleEntry[] Entries) old))
        {
            return false;
        }

        Leave(old.Policy, old.Entries);
        _policiesChanged = true;
        return true;
    }

    /// <summary>Adds an identity, or replaces its labels or ports.</summary>
    /// <param name="identity">Its number.</param>
    /// <param name="labels">Its labels; those of source <c>cidr</c> make it one outside the cluster.</param>
    /// <param name="ports">The ports its pods name, for egress rules with named ports.</param>
    public void UpsertIdentity(uint identity, LabelSet labels, IReadOnlyCollection<NamedPort>? ports = null) => _pendingIdentities[identity] = (labels, ports);

    public void RemoveIdentity(uint identity) => _pendingIdentities[identity] = (null, null);

    /// <summary>Adds or replaces what policy applies to.</summary>
    /// <param name="subject">A number of the caller's choice, 1 and up; named in <see cref="SubjectRow"/>.</param>
    /// <param name="spec">What it is.</param>
    public void UpsertSubject(uint subject, SubjectSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        IdentityInfo entry;
        if (_subjects.TryGetValue(subject, out SubjectState? state))
        {
            _subjectIndex.Remove(state.Entry);
            entry = _subjectIndex.Add(subject, spec.Labels, spec.Ports);
            state.Spec = spec;
            state.Entry = entry;
        }
        else
        {
            entry = _subjectIndex.Add(subject, spec.Labels, spec.Ports);
            _subjects.Add(subject, new SubjectState(subject) { Spec = spec, Entry = entry });
        }

        _removedSubjects.Remove(subject);
        _dirty.Add(subject);
    }

    public void RemoveSubject(uint subject)
    {
        if (_subjects.Remove(subject, out SubjectState? state))
        {
            _subjectIndex.Remove(state.Entry);
            Count(state, []);
            state.Ingress?.Subjects.Remove(subject);
            state.Egress?.Subjects.Remove(subject);
            Abandon(state.Ingress);
            Abandon(state.Egress);
            _dirty.Remove(subject);
            _unfitSubjects.Remove(subject);
            if (state.Row is not null)
            {
                _removedSubjects.Add(subject);
            }
        }
    }

    /// <summary>Adds or replaces the prefixes of a CIDR group.</summary>
    /// <returns>False when they find no room; the group stays as it was.</returns>
    public bool UpsertCidrGroup(string name, IReadOnlyCollection<IpPrefix> prefixes)
    {
        ArgumentNullException.ThrowIfNull(prefixes);
        string refused = $"CiliumCIDRGroup {name}";
        bool isUsed = _groupUses.ContainsKey(name);
        if (isUsed && !_cidrs.Fits(prefixes))
        {
            _refused[refused] = new DoesNotFit(0, 0, "cidrs", _cidrs.Count + prefixes.Count, _cidrs.Most, Revision);
            return false;
        }

        _refused.Remove(refused);
        SetGroup(name, [.. prefixes.Distinct().Order()], isUsed);
        return true;
    }

    public void RemoveCidrGroup(string name) => SetGroup(name, null, _groupUses.ContainsKey(name));

    public void UpsertService(PolicyService service)
    {
        ArgumentNullException.ThrowIfNull(service);
        PolicyService? old = _referents.Service(service.Namespace, service.Name);
        if (old is not null && IsSame(old, service))
        {
            return;
        }

        ChangeReferents(
            () => _referents.SetService(service),
            peer => peer is ServicePeer s && (Referents.Selects(s, service) || (old is not null && Referents.Selects(s, old))));
    }

    public void RemoveService(string @namespace, string name)
    {
        if (_referents.Service(@namespace, name) is { } old)
        {
            ChangeReferents(() => _referents.RemoveService(@namespace, name), peer => peer is ServicePeer s && Referents.Selects(s, old));
        }
    }

    private static bool IsSameVersion(ParsedPolicy old, ParsedPolicy policy) => ReferenceEquals(old, policy)
        || (policy.Generation > 0 && policy.Generation == old.Generation && policy.Uid == old.Uid && policy.Uid.Length > 0
            && policy.IsOnTrial == old.IsOnTrial && policy.IsProtected == old.IsProtected && policy.IsStrict == old.IsStrict);

    private static bool IsSame(PolicyService a, PolicyService b) => a.Labels.Equals(b.Labels) && a.Backends.Order(ByText).SequenceEqual(b.Backends.Order(ByText))
        && (a.Selector is null) == (b.Selector is null) && (a.Selector is null || a.Selector.OrderBy(s => s.Key).SequenceEqual(b.Selector!.OrderBy(s => s.Key)));

    private static Comparer<System.Net.IPAddress> ByText => Comparer<System.Net.IPAddress>.Create((a, b) => string.CompareOrdinal(a.ToString(), b.ToString()));

    /// <summary>Makes entries of a policy's rules and lets the subjects they apply to be compiled anew.</summary>
    private RuleEntry[] Enter(ParsedPolicy policy)
    {
        var entries = new RuleEntry[policy.Rules.Length];
        for (int i = 0; i < entries.Length; i++)
        {
            PolicyRule rule = policy.Rules[i];
            OriginTable.Place[] sections = [.. rule.Sections.Select(s => _places.Acquire(new RulePlace(policy.Key, rule.Index, s.Index, s.Pointer)))];
            var entry = new RuleEntry(_nextSerial++, policy, rule, _places.Acquire(new RulePlace(policy.Key, rule.Index, -1, rule.Pointer)), sections);
            entry.Cidrs.AddRange(_referents.Demand(rule));
            _cidrs.Acquire(entry.Cidrs);
            _rules.Add(rule.Subject, entry);
            entries[i] = entry;
            var selected = new List<IdentityInfo>();
            _subjectIndex.Find(rule.Subject, selected);
            _dirty.UnionWith(selected.Where(s => _subjects[s.Id].Spec.IsHost == rule.SelectsNodes).Select(s => s.Id));
        }

        foreach (string group in policy.CidrGroups)
        {
            if (!_groupUses.TryAdd(group, 1))
            {
                _groupUses[group]++;
            }
            else
            {
                _cidrs.Acquire(_referents.Group(group));
            }
        }

        return entries;
    }

    private void Leave(ParsedPolicy policy, RuleEntry[] entries)
    {
        foreach (RuleEntry entry in entries)
        {
            _rules.Remove(entry);
            _cidrs.Release(entry.Cidrs);
            _places.Release(entry.Place);
            foreach (OriginTable.Place place in entry.SectionPlaces)
            {
                _places.Release(place);
            }
        }

        foreach (string group in policy.CidrGroups)
        {
            if (--_groupUses[group] == 0)
            {
                _groupUses.Remove(group);
                _cidrs.Release(_referents.Group(group));
            }
        }

        _dirty.UnionWith(SubjectsOf(policy.Key));
    }

    private void SetGroup(string name, IpPrefix[]? prefixes, bool isUsed)
    {
        IpPrefix[] old = _referents.Group(name);
        ChangeReferents(
            () =>
            {
                if (_referents.SetGroup(name, prefixes) && isUsed)
                {
                    _cidrs.Acquire(prefixes ?? []);
                    _cidrs.Release(old);
                }
            },
            peer => peer is CidrGroupPeer group && group.Name == name && (prefixes is null || !old.AsSpan().SequenceEqual(prefixes)));
    }

    /// <summary>What rules refer to changes: policies with such a reference are entered anew, and so compiled whole.</summary>
    private void ChangeReferents(Action change, Func<Peer, bool> isConcerned)
    {
        change();
        foreach ((PolicyKey key, (ParsedPolicy policy, RuleEntry[] entries)) in _policies.ToList())
        {
            if (policy.Rules.Any(r => r.Sections.Any(s => s.Peers.Any(isConcerned))))
            {
                RuleEntry[] anew = Enter(policy);
                Leave(policy, entries);
                _policies[key] = (policy, anew);
                _policiesChanged = true;
            }
        }
    }
}
