using Waggle.Datapath.Abi;
using Waggle.Hosting.Config;
using Waggle.Policy.Compile;

namespace Waggle.Agent.Policy;

/// <summary>From the compiler into the kernel, in the order that <c>bpf/abi/policy.h</c> asks for.</summary>
internal sealed partial class PolicyLoop
{
    private readonly HashSet<uint> _live = [];
    private readonly HashSet<uint> _missing = [], _incomplete = [];
    private readonly Dictionary<uint, SubjectRow> _wanted = [];
    private readonly List<uint> _idleSubjects = [];
    private IReadOnlyList<DoesNotFit> _unfit = [];
    private string _full = "";
    private readonly RevisionKeeper _keeper = new();
    private bool _rowsChanged;

    /// <summary>The kernel holds everything as the compiler has it.</summary>
    private bool IsComplete => _missing.Count == 0 && _incomplete.Count == 0 && !_mustVerify;

    private void Apply(ChangeSet changes)
    {
        if (!IsComplete)
        {
            _keeper.Changed(); // what comes in later is news then
        }

        if (changes.IsEmpty && !_rowsChanged && IsComplete && _idleSubjects.Count == 0)
        {
            return;
        }

        _full = "";
        _unfit = changes.Unfit;
        foreach (TableImage image in changes.NewTables)
        {
            _live.Add(image.Table);
            WriteTable(image);
        }

        foreach (TableDelta delta in changes.Deltas)
        {
            AddRows(delta.Table, delta.AddPorts, delta.SetPeers);
        }

        foreach (SubjectRow row in changes.Subjects)
        {
            _wanted[row.Subject] = row;
            _names.Learn(_engine, [row.Ingress.Other.Verdict.Rule, row.Ingress.Other.Verdict.ShadowRule, row.Egress.Other.Verdict.Rule, row.Egress.Other.Verdict.ShadowRule]);
        }

        foreach (uint removed in changes.RemovedSubjects)
        {
            _wanted.Remove(removed);
        }

        _live.ExceptWith(changes.RemovedTables.Select(t => t.Table));
        RetryTables();
        bool raise = changes.VerdictsMayChange | PutSubjects();
        if (raise)
        {
            RaiseRevision();
        }

        foreach (TableDelta delta in changes.Deltas.Where(d => _kernel.HasTable(d.Table)))
        {
            _kernel.RemoveRows(delta.Table, delta.RemovePeers.Select(p => new PolicyPeerKey { Table = delta.Table, Identity = p }), delta.RemovePorts.Select(p => AbiRows.Key(delta.Table, p)));
        }

        RemoveSubjects();
        _kernel.DropUnused(_live);
        while (_missing.Count > 0 && RetryTables())
        {
            // What was dropped made room for what did not fit beside it: after a restart the tables of before fill the maps, too.
            if (PutSubjects())
            {
                RaiseRevision();
            }

            _kernel.DropUnused(_live);
        }

        _kernel.Maps.ZeroCounters(changes.FreedRules);
        _names.Forget(changes.FreedRules);
        _rowsChanged = false;
        _mustVerify = false;
    }

    private static IEnumerable<uint> Rules(IReadOnlyList<PortRow> ports, IReadOnlyList<PeerRow> peers) =>
        ports.SelectMany(p => new[] { p.Verdict.Rule, p.Verdict.ShadowRule }).Concat(peers.SelectMany(p => new[] { p.Value.Verdict.Rule, p.Value.Verdict.ShadowRule }));

    private bool WriteTable(TableImage image)
    {
        try
        {
            _names.Learn(_engine, Rules(image.Ports, image.Peers));
            _kernel.WriteTable(image.Table, AbiRows.Ports(image.Table, image.Ports), AbiRows.Peers(image.Table, image.Peers));
            _missing.Remove(image.Table);
            return true;
        }
        catch (PolicyMapFullException e)
        {
            _missing.Add(image.Table);
            _full = e.Message;
            return false;
        }
    }

    private bool AddRows(uint table, IReadOnlyList<PortRow> ports, IReadOnlyList<PeerRow> peers)
    {
        if (_missing.Contains(table))
        {
            return false; // it comes whole
        }

        try
        {
            _names.Learn(_engine, Rules(ports, peers));
            _kernel.AddRows(table, AbiRows.Ports(table, ports), AbiRows.Peers(table, peers));
            return true;
        }
        catch (PolicyMapFullException e)
        {
            _incomplete.Add(table);
            _full = e.Message;
            return false;
        }
    }

    /// <summary>Writes what did not fit before; true when something more is there now.</summary>
    private bool RetryTables()
    {
        bool any = false;
        foreach (uint table in _missing.ToArray())
        {
            if (_engine.Table(table) is { } image)
            {
                any |= WriteTable(image);
            }
            else
            {
                _missing.Remove(table);
            }
        }

        foreach (uint table in _incomplete.ToArray())
        {
            if (_engine.Table(table) is not { } image || !_live.Contains(table) || AddRows(table, image.Ports, image.Peers))
            {
                any |= _incomplete.Remove(table);
            }
        }

        return any;
    }

    /// <summary>Replaces the rows of subjects whose tables are all there; others keep the policy they have. True when one's verdicts may be others now.</summary>
    private bool PutSubjects()
    {
        bool changed = false;
        WaggleConfig config = _config.Current;
        bool auditAll = config.Flag("policy-audit-mode");
        foreach (SubjectRow row in _wanted.Values)
        {
            if ((row.Ingress.Table != 0 && !_kernel.HasTable(row.Ingress.Table)) || (row.Egress.Table != 0 && !_kernel.HasTable(row.Egress.Table)))
            {
                continue;
            }

            bool audit = auditAll || _book.ByNumber(row.Subject)?.Key.Audit == true;
            var next = new PolicySubject
            {
                Ingress = AbiRows.Side(row.Ingress, audit), Egress = AbiRows.Side(row.Egress, audit), Revision = (uint)row.Revision,
                DrainSeconds = (ushort)Math.Min(config.Duration("policy-drain-time").TotalSeconds, ushort.MaxValue),
                OnDeny = (byte)(config["policy-on-deny"] switch { "drain" => PolicyOnDeny.Drain, "keep" => PolicyOnDeny.Keep, _ => PolicyOnDeny.Cut }),
                VerdictEvents = config.Flag("policy-verdict-notification") ? (byte)1 : (byte)0,
            };
            bool known = _kernel.Subjects.TryGetValue(row.Subject, out PolicySubject before);
            if (_kernel.PutSubject(row.Subject, next))
            {
                changed |= known ? before.Ingress != next.Ingress || before.Egress != next.Egress || before.OnDeny != next.OnDeny : NeedsRaise(row.Subject);
            }
        }

        return changed;
    }

    private bool NeedsRaise(uint subject)
    {
        uint? identity = _book.ByNumber(subject)?.Key.Identity;
        return _keeper.NeedsRaise(identity, identity is { } own && _book.All.Any(e => e.Number != subject && e.Key.Identity == own));
    }

    private void RaiseRevision()
    {
        _kernel.RaiseRevision();
        _keeper.Raised();
    }

    private void RemoveSubjects()
    {
        foreach (uint number in _idleSubjects)
        {
            _kernel.DeleteSubject(number);
        }

        _idleSubjects.Clear();

        // What an earlier agent left and nobody uses: endpoints of before are in the book.
        foreach (uint number in _kernel.Subjects.Keys.Where(n => !_wanted.ContainsKey(n) && n != HostSubject && _book.ByNumber(n) is null).ToArray())
        {
            _kernel.DeleteSubject(number);
        }
    }

    private void OpenGate(Func<uint, bool> which)
    {
        uint[] realized = [.. _unrealized.Where(which)];
        if (realized.Length > 0)
        {
            _unrealized.ExceptWith(realized);
            _gate.Open(realized);
        }
    }
}
