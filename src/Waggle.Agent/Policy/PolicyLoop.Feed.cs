using Waggle.Agent.Endpoints;
using Waggle.Agent.Identities;
using Waggle.Hosting.Config;
using Waggle.Policy.Addresses;
using Waggle.Policy.Compile;
using Waggle.Policy.Labels;
using Waggle.Policy.Rules;
using Waggle.State.Tables;
using Reserved = Waggle.Agent.Identities.ReservedIdentity;

namespace Waggle.Agent.Policy;

/// <summary>From the tables into the compiler.</summary>
internal sealed partial class PolicyLoop
{
    /// <summary>The node's own subject; those of pods follow.</summary>
    public const uint HostSubject = 1;

    private readonly HashSet<uint> _fed = [];
    private readonly HashSet<uint> _unrealized = [];
    private readonly Dictionary<string, string> _refused = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _held = new(StringComparer.Ordinal);
    private readonly HashSet<string> _heldGroups = new(StringComparer.Ordinal);
    private readonly PrefixDemand _prefixes;
    private readonly PrefixIdentities _prefixIdentities;
    private readonly Dictionary<string, long> _inForceSince = new(StringComparer.Ordinal);
    private readonly SubjectBook _book = new();
    private bool _mustVerify;
    private EnforcementMode _mode = (EnforcementMode)(-1);
    private WaggleConfig? _seenConfig;
    private bool? _hostFirewall;
    private IReadOnlyList<string>? _hostLabels;
    private bool _strict;
    private ChangeTracker<string, PolicyRow> _policyChanges = null!;
    private ChangeTracker<string, CidrGroupRow> _groupChanges = null!;
    private ChangeTracker<string, PolicyServiceRow> _serviceChanges = null!;
    private ChangeTracker<uint, IdentityRow> _identityChanges = null!;

    /// <summary>Learns what the kernel and the saved endpoints say, so that nothing of it means something else from now on.</summary>
    private void Start()
    {
        _kernel.Adopt();
        if (_kernel.Maps.Revision == 0)
        {
            _kernel.RaiseRevision(); // connections of a time without policy carry 0: they are looked at again
        }

        _prefixIdentities.Restore();
        foreach (uint number in _kernel.Subjects.Keys)
        {
            _book.Reserve(number);
        }

        foreach (EndpointRow row in _endpoints.View.All())
        {
            _book.Restore(SubjectKey.Of(row.State), row.State.PolicySubject);
        }

        _engine = new PolicyEngine(new PolicyEngineOptions
        {
            Cluster = _config.Current.ClusterName, FirstTable = _kernel.Tables.DefaultIfEmpty(0u).Max() + 1, MaxPeers = _kernel.Maps.PeersMax, MaxPorts = _kernel.Maps.RulesMax, MaxCidrs = CidrIdentities.Limit,
        });
        LogAdopted(_kernel.Subjects.Count, _kernel.Peers, _kernel.Rules);
    }

    private bool FeedIdentities()
    {
        bool any = false;
        HashSet<uint> ports = _ports.TakeChanged();
        for (ChangeBatch<IdentityRow> batch = _identityChanges.Next(); !batch.IsEmpty; batch = _identityChanges.Next())
        {
            if (batch.Reset)
            {
                HashSet<uint> present = [.. batch.Changes.Where(c => !c.IsDeleted).Select(c => c.Row.Id)];
                foreach (uint gone in _fed.Where(id => !present.Contains(id)).ToArray())
                {
                    RemoveIdentity(gone);
                }
            }

            foreach (Change<IdentityRow> change in batch.Changes)
            {
                any = true;
                if (change.IsDeleted)
                {
                    RemoveIdentity(change.Row.Id);
                }
                else
                {
                    ports.Remove(change.Row.Id);
                    FeedIdentity(change.Row);
                }
            }
        }

        foreach (IdentityRow row in ports.Select(_identities.View.Find).OfType<IdentityRow>())
        {
            any = true;
            FeedIdentity(row);
        }

        return any;
    }

    private void FeedIdentity(IdentityRow row)
    {
        _engine.UpsertIdentity(row.Id, LabelSet.Parse(row.Labels), _ports.Of(row.Id));
        _book.Relabel(row.Id, row.Labels);
        if (_fed.Add(row.Id))
        {
            _unrealized.Add(row.Id);
        }
        else
        {
            _keeper.Changed();
        }
    }

    private void RemoveIdentity(uint id)
    {
        // A pod that runs keeps its identity, whatever became of the object.
        if (!_book.Uses(id) && _fed.Remove(id))
        {
            _engine.RemoveIdentity(id);
            _keeper.Changed(); // its number may come again with other labels
            _gate.Close([id]);
            _unrealized.Remove(id);
        }
    }

    /// <summary>Tells the kernel which addresses the prefixes' identities have, before a policy relies on it.</summary>
    private async Task MapPrefixesAsync(CancellationToken cancellation)
    {
        if (_prefixIdentities.AreUnmapped)
        {
            OpenGate(id => id >= CidrIdentities.First);
            await _prefixIdentities.MapAsync(cancellation).ConfigureAwait(false);
        }
    }

    private void RetirePrefixes()
    {
        _prefixIdentities.RemoveRetired();
        HashSet<IpPrefix> wanted = _prefixes.Named(_engine.RequiredCidrs);
        if (_held.Keys.Any(k => !_prefixes.HeldBack.ContainsKey(k)))
        {
            _changed.Set(); // room for one that was held back
        }

        if (_missing.Count == 0)
        {
            _prefixIdentities.KeepOnly(wanted);
        }
    }

    private bool FeedConfig()
    {
        WaggleConfig config = _config.Current;
        if (ReferenceEquals(config, _seenConfig))
        {
            return false;
        }

        _seenConfig = config;
        EnforcementMode mode = config["enable-policy"] switch { "always" => EnforcementMode.Always, "never" => EnforcementMode.Never, _ => EnforcementMode.Default };
        bool firewall = config.Flag("enable-host-firewall");
        if (mode != _mode)
        {
            _engine.SetMode(mode);
            _mode = mode;
        }

        if (firewall != _hostFirewall)
        {
            if (firewall)
            {
                _engine.UpsertPolicy(HostSafety.Policy);
            }
            else if (_hostFirewall == true)
            {
                _engine.RemovePolicy(HostSafety.Policy.Key);
            }

            _hostFirewall = firewall;
        }

        bool strict = !config.Flag("enable-non-default-deny-policies");
        if (strict != _strict)
        {
            _strict = strict;
            foreach (PolicyRow row in _policies.View.All().Where(p => p.Parsed.IsValid))
            {
                FeedPolicy(row);
            }
        }

        _rowsChanged = true; // audit, on-deny and events are in the subjects' rows
        return true;
    }

    private bool FeedGroups()
    {
        bool any = false;
        for (ChangeBatch<CidrGroupRow> batch = _groupChanges.Next(); !batch.IsEmpty; batch = _groupChanges.Next())
        {
            foreach (Change<CidrGroupRow> change in batch.Changes)
            {
                any = true;
                if (change.IsDeleted)
                {
                    _heldGroups.Remove(change.Row.Group.Name);
                    _engine.RemoveCidrGroup(change.Row.Group.Name);
                }
                else if (change.Row.Group.Errors.IsEmpty)
                {
                    FeedGroup(change.Row);
                }
                else
                {
                    LogGroupRefused(change.Row.Group.Name, string.Join("; ", change.Row.Group.Errors));
                }
            }
        }

        foreach (CidrGroupRow row in _heldGroups.Select(_groups.View.Find).OfType<CidrGroupRow>().ToArray())
        {
            any |= FeedGroup(row);
        }

        return any;
    }

    /// <summary>False: its prefixes find no room, and it stays as it was.</summary>
    private bool FeedGroup(CidrGroupRow row)
    {
        if (_engine.UpsertCidrGroup(row.Group.Name, row.Group.Prefixes))
        {
            _heldGroups.Remove(row.Group.Name);
            return true;
        }

        if (_heldGroups.Add(row.Group.Name))
        {
            LogGroupRefused(row.Group.Name, $"{row.Group.Prefixes.Length} prefixes find no room among {CidrIdentities.Limit}");
        }

        return false;
    }

    private bool FeedServices()
    {
        bool any = false;
        for (ChangeBatch<PolicyServiceRow> batch = _serviceChanges.Next(); !batch.IsEmpty; batch = _serviceChanges.Next())
        {
            foreach (Change<PolicyServiceRow> change in batch.Changes)
            {
                any = true;
                if (change.IsDeleted)
                {
                    _engine.RemoveService(change.Row.Service.Namespace, change.Row.Service.Name);
                }
                else
                {
                    _engine.UpsertService(change.Row.Service);
                }
            }
        }

        return any;
    }

    private bool FeedPolicies()
    {
        bool any = false;
        for (ChangeBatch<PolicyRow> batch = _policyChanges.Next(); !batch.IsEmpty; batch = _policyChanges.Next())
        {
            if (batch.Reset)
            {
                HashSet<PolicyKey> present = [.. batch.Changes.Where(c => !c.IsDeleted).Select(c => c.Row.Parsed.Key)];
                foreach (ParsedPolicy gone in _engine.Policies.Where(p => !p.IsProtected && !present.Contains(p.Key)).ToArray())
                {
                    _engine.RemovePolicy(gone.Key);
                }
            }

            foreach (Change<PolicyRow> change in batch.Changes)
            {
                any = true;
                ParsedPolicy policy = change.Row.Parsed;
                _refused.Remove(change.Row.Key);
                _held.Remove(change.Row.Key);
                _inForceSince.Remove(change.Row.Key);
                if (change.IsDeleted)
                {
                    _engine.RemovePolicy(policy.Key);
                    _counts.Changed(true);
                }
                else
                {
                    FeedPolicy(change.Row);
                }
            }
        }

        // Those that found no room before.
        foreach (PolicyRow row in _held.Keys.Where(k => !_prefixes.HeldBack.ContainsKey(k)).Select(k => _policies.View.Find(k)).OfType<PolicyRow>().ToArray())
        {
            any = true;
            FeedPolicy(row);
        }

        return any;
    }

    private void FeedPolicy(PolicyRow row)
    {
        _refused.Remove(row.Key);
        _held.Remove(row.Key);
        bool isHeldBack = _prefixes.HeldBack.TryGetValue(row.Key, out string? problem);
        bool taken = !isHeldBack && _engine.UpsertPolicy(_strict ? row.Parsed.Strict() : row.Parsed);
        _counts.Changed(taken);
        if (taken)
        {
            return;
        }

        if (row.Parsed.IsValid)
        {
            _held[row.Key] = problem ?? $"the prefixes it names find no room among {CidrIdentities.Limit} (waggle limits)";
        }

        _refused[row.Key] = row.Parsed.IsValid ? _held[row.Key] : string.Join("; ", row.Parsed.Errors);
        LogRefused(row.Key, _refused[row.Key]);
    }

    private bool FeedSubjects()
    {
        bool any = _hostFirewall == true ? EnsureHost() : RemoveHost();
        foreach (PolicySubjects.Request request in _asked.Take())
        {
            _book.Ask(request.Key, request.Answer, _time.GetTimestamp());
        }

        _book.Count(_endpoints.View.All().Select(r => SubjectKey.Of(r.State)), _time.GetTimestamp());
        foreach (SubjectBook.Entry entry in _book.All)
        {
            if (!entry.IsCompiled && LabelsOf(entry) is { } labels)
            {
                // The identity may be younger than this round's look at identities, or its object gone: whoever gets this subject
                // has to be known to all others in the same step.
                if (!_fed.Contains(entry.Key.Identity))
                {
                    FeedIdentity(new IdentityRow(entry.Key.Identity, labels));
                }

                entry.Labels = labels;
                _engine.UpsertSubject(entry.Number, new SubjectSpec { Identity = entry.Key.Identity, Labels = LabelSet.Parse(labels), Ports = NamedPorts.Parse(entry.Key.Ports) });
                entry.IsCompiled = true;
                any = true;
            }
        }

        foreach (SubjectBook.Entry idle in _book.Idle(_time))
        {
            _engine.RemoveSubject(idle.Number);
            _keeper.SubjectGone(idle.Key.Identity);
            _book.Remove(idle);
            _idleSubjects.Add(idle.Number);
            any = true;
        }

        return any;
    }

    private IReadOnlyList<string>? LabelsOf(SubjectBook.Entry entry) => _identities.View.Find(entry.Key.Identity)?.Labels ?? _endpoints.View.All().FirstOrDefault(e => e.State.Identity == entry.Key.Identity)?.State.Labels;

    private bool EnsureHost()
    {
        IReadOnlyList<string> labels = _identities.View.Find(Reserved.Host)?.Labels ?? ["reserved:host"];
        if (_hostLabels is not null && labels.SequenceEqual(_hostLabels))
        {
            return false;
        }

        _hostLabels = labels;
        _engine.UpsertSubject(HostSubject, new SubjectSpec { Identity = Reserved.Host, Labels = LabelSet.Parse(labels), IsHost = true });
        return true;
    }

    private bool RemoveHost()
    {
        if (_hostLabels is null)
        {
            return false;
        }

        _hostLabels = null;
        _engine.RemoveSubject(HostSubject);
        _idleSubjects.Add(HostSubject);
        return true;
    }
}
