using System.Collections.Immutable;
using System.Net;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Identities;
using Waggle.Agent.IpCache;
using Waggle.Agent.Nodes;
using Waggle.Datapath.Abi;
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

    private readonly CidrIdentities _cidrs = new();
    private readonly HashSet<uint> _fed = [];
    private readonly HashSet<uint> _unrealized = [];
    private readonly List<(long Since, uint Identity)> _retired = [];
    private readonly Dictionary<string, string> _refused = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _held = new(StringComparer.Ordinal);
    private readonly HashSet<string> _heldGroups = new(StringComparer.Ordinal);
    private readonly PrefixDemand _prefixes;
    private readonly Dictionary<string, long> _inForceSince = new(StringComparer.Ordinal);
    private readonly SubjectBook _book = new();
    private HashSet<IpPrefix> _named = [];
    private IReadOnlyList<CidrIdentityRow> _cidrRows = [];
    private bool _cidrsChanged, _mustVerify;
    private EnforcementMode _mode = (EnforcementMode)(-1);
    private WaggleConfig? _seenConfig;
    private bool? _hostFirewall;
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

        foreach ((IPNetwork prefix, uint identity) in _ipcacheTarget.Prefixes().Where(p => p.Identity is >= CidrIdentities.First and <= CidrIdentities.Last))
        {
            _cidrs.Restore(IpPrefix.Of(prefix.BaseAddress, prefix.PrefixLength), identity);
        }

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

    /// <summary>Numbers for prefixes that policies name from now on; those named before keep theirs until the new policies are in force.</summary>
    private bool FeedNewPrefixes()
    {
        HashSet<IpPrefix> wanted = _prefixes.Named(_engine.RequiredCidrs);
        HashSet<IpPrefix> both = [.. wanted, .. _named];
        IPAddress[] outside = OutsideApiServers();
        if (both.SetEquals(_named) && outside.Length == _cidrRows.Count(r => r.Labels.Contains("reserved:kube-apiserver")))
        {
            return false;
        }

        _named = both;
        AssignPrefixes(outside);
        return true;
    }

    /// <summary>Drops the numbers of prefixes that nothing names any more. Their identities go later: packets may still carry them.</summary>
    private void RetirePrefixes()
    {
        foreach ((long since, uint identity) in _retired.ToArray())
        {
            if (_time.GetElapsedTime(since) >= CidrRest)
            {
                _retired.Remove((since, identity));
                _identities.Delete(identity);
            }
        }

        HashSet<IpPrefix> wanted = _prefixes.Named(_engine.RequiredCidrs);
        if (_held.Keys.Any(k => !_prefixes.HeldBack.ContainsKey(k)))
        {
            _changed.Set(); // room for one that was held back
        }

        if (_missing.Count == 0 && !wanted.SetEquals(_named))
        {
            _named = wanted;
            AssignPrefixes(OutsideApiServers());
        }
    }

    private void AssignPrefixes(IReadOnlyCollection<IPAddress> apiServers)
    {
        HashSet<uint> before = [.. _cidrRows.Select(r => r.Identity)];
        _cidrRows = _cidrs.Assign(_named, apiServers, _config.Current.Ipv4 && _config.Current.Ipv6);
        foreach (CidrIdentityRow row in _cidrRows)
        {
            before.Remove(row.Identity);
            _retired.RemoveAll(r => r.Identity == row.Identity);
            var identity = new IdentityRow(row.Identity, row.Labels);
            if (_identities.Upsert(identity))
            {
                FeedIdentity(identity); // at once: the policies that name it come in this round
            }
        }

        _retired.AddRange(before.Select(id => (_time.GetTimestamp(), id)));
        _cidrsChanged = true;
    }

    /// <summary>Tells the kernel which addresses the prefixes' identities have, before a policy relies on it.</summary>
    private async Task MapPrefixesAsync(CancellationToken cancellation)
    {
        if (!_cidrsChanged)
        {
            return;
        }

        OpenGate(id => id >= CidrIdentities.First);
        using (WriteTransaction transaction = _cidrTable.Db.Write(_cidrTable))
        {
            transaction.Replace(_cidrTable, _cidrRows);
            transaction.Commit();
        }

        // The reconciler of the table writes the same in its own time.
        TableView<IpCacheKey, IpCacheRow> known = _ipcache.View;
        foreach (CidrIdentityRow row in _cidrRows.Where(r => known.Find(IpCacheKey.Of(r.Prefix)) is null))
        {
            await _ipcacheTarget.UpdateAsync(_ipcache.Db.Read(), new IpCacheRow(row.Prefix, row.Identity, null, default, "prefix", row.Prefix.ToString()), cancellation).ConfigureAwait(false);
        }

        _cidrsChanged = false;
    }

    /// <summary>Addresses of the API server that are no node's.</summary>
    private IPAddress[] OutsideApiServers()
    {
        HashSet<string> nodes = [.. _ipcache.View.All().Where(r => (r.Flags & IpcacheFlags.Node) != 0).Select(r => r.Prefix.BaseAddress.ToString())];
        LocalNode? own = _readiness.Node.IsCompletedSuccessfully ? _readiness.Node.Result : null;
        return [.. _apiServers.View.All().Where(a => !nodes.Contains(a.Address)).Select(a => IPAddress.Parse(a.Address)).Where(a => !a.Equals(own?.Ipv4) && !a.Equals(own?.Ipv6))];
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

    private IReadOnlyList<string>? _hostLabels;
}
