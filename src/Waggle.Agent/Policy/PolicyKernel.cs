using Waggle.Bpf;
using Waggle.Datapath.Abi;

namespace Waggle.Agent.Policy;

/// <summary>Compiled tables and subjects in the kernel: what is there, and changes that leave every subject with one complete policy.</summary>
/// <remarks>Not thread-safe: owned by <see cref="PolicyLoop"/>. Tables are known by number and rows by key; what a row says is the compiler's business.</remarks>
internal sealed class PolicyKernel(IPolicyMaps maps)
{
    private readonly Dictionary<uint, Contents> _tables = [];
    private readonly Dictionary<uint, PolicySubject> _subjects = [];

    private sealed class Contents
    {
        public HashSet<uint> Peers { get; } = [];

        public HashSet<PolicyRuleKey> Rules { get; } = [];
    }

    public int Peers { get; private set; }

    public int Rules { get; private set; }

    public IReadOnlyDictionary<uint, PolicySubject> Subjects => _subjects;

    public IEnumerable<uint> Tables => _tables.Keys;

    public IPolicyMaps Maps => maps;

    /// <summary>Learns what an earlier agent left in force.</summary>
    public void Adopt()
    {
        foreach (PolicyPeerKey key in maps.Peers())
        {
            Peers += Of(key.Table).Peers.Add(key.Identity) ? 1 : 0;
        }

        foreach (PolicyRuleKey key in maps.Rules())
        {
            Rules += Of(key.Table).Rules.Add(key) ? 1 : 0;
        }

        foreach ((uint number, PolicySubject row) in maps.Subjects())
        {
            _subjects[number] = row;
        }
    }

    public bool HasTable(uint table) => _tables.ContainsKey(table);

    /// <summary>Writes a table that no subject uses yet.</summary>
    /// <exception cref="PolicyMapFullException">Nothing of it is left.</exception>
    public void WriteTable(uint table, IReadOnlyList<KeyValuePair<PolicyRuleKey, PolicyRule>> rules, IReadOnlyList<KeyValuePair<PolicyPeerKey, PolicyPeer>> peers)
    {
        _ = Of(table);
        try
        {
            AddRows(table, rules, peers);
        }
        catch
        {
            DropTable(table);
            throw;
        }
    }

    /// <summary>Adds or replaces rows of a table, those of ports first: a peer finds the rows of its class.</summary>
    /// <exception cref="PolicyMapFullException">Rows that were there before are as they were, but for those that were replaced.</exception>
    public void AddRows(uint table, IReadOnlyList<KeyValuePair<PolicyRuleKey, PolicyRule>> rules, IReadOnlyList<KeyValuePair<PolicyPeerKey, PolicyPeer>> peers)
    {
        Contents contents = Of(table);
        int newRules = rules.Count(r => !contents.Rules.Contains(r.Key)), newPeers = peers.Count(p => !contents.Peers.Contains(p.Key.Identity));
        HashSet<PolicyRuleKey> knownRules = [.. rules.Select(r => r.Key).Where(contents.Rules.Contains)];
        HashSet<uint> knownPeers = [.. peers.Select(p => p.Key.Identity).Where(contents.Peers.Contains)];
        Require(newRules, Rules, maps.RulesMax, "policy_rules", "bpf-policy-rules-map-max");
        Require(newPeers, Peers, maps.PeersMax, "policy_peers", "bpf-policy-map-max");
        foreach (bool replace in new[] { false, true })
        {
            KeyValuePair<PolicyRuleKey, PolicyRule>[] some = [.. rules.Where(r => knownRules.Contains(r.Key) == replace)];
            Put("policy_rules", "bpf-policy-rules-map-max", Rules, newRules, maps.RulesMax, some, r => Rules += contents.Rules.Add(r) ? 1 : 0, rows => maps.PutRules(rows, replace));
        }

        foreach (bool replace in new[] { false, true })
        {
            KeyValuePair<PolicyPeerKey, PolicyPeer>[] some = [.. peers.Where(p => knownPeers.Contains(p.Key.Identity) == replace)];
            Put("policy_peers", "bpf-policy-map-max", Peers, newPeers, maps.PeersMax, some, p => Peers += contents.Peers.Add(p.Identity) ? 1 : 0, rows => maps.PutPeers(rows, replace));
        }
    }

    /// <summary>Removes rows, those of peers first.</summary>
    public void RemoveRows(uint table, IEnumerable<PolicyPeerKey> peers, IEnumerable<PolicyRuleKey> rules)
    {
        Contents contents = Of(table);
        foreach (PolicyPeerKey key in peers)
        {
            maps.DeletePeer(key);
            Peers -= contents.Peers.Remove(key.Identity) ? 1 : 0;
        }

        foreach (PolicyRuleKey key in rules)
        {
            maps.DeleteRule(key);
            Rules -= contents.Rules.Remove(key) ? 1 : 0;
        }
    }

    /// <summary>From this moment on the subject's packets meet this row.</summary>
    /// <returns>False when it was there as it is.</returns>
    public bool PutSubject(uint number, in PolicySubject row)
    {
        if (_subjects.TryGetValue(number, out PolicySubject present) && present == row)
        {
            return false;
        }

        if (!_subjects.ContainsKey(number))
        {
            Require(1, _subjects.Count, maps.SubjectsMax, "policy_subjects", "the number of label sets on this node");
        }

        maps.PutSubject(number, row);
        _subjects[number] = row;
        return true;
    }

    public void DeleteSubject(uint number)
    {
        maps.DeleteSubject(number);
        _subjects.Remove(number);
    }

    /// <summary>Established connections are looked at again.</summary>
    public uint RaiseRevision() => maps.Revision = Math.Max(maps.Revision + 1, 1);

    /// <summary>Removes the tables that neither a subject in the kernel nor <paramref name="wanted"/> names.</summary>
    public void DropUnused(IReadOnlySet<uint> wanted)
    {
        HashSet<uint> used = [.. _subjects.Values.SelectMany(s => new[] { s.Ingress.Table, s.Egress.Table })];
        foreach (uint table in _tables.Keys.Where(t => !used.Contains(t) && !wanted.Contains(t)).ToArray())
        {
            DropTable(table);
        }
    }

    private void DropTable(uint table)
    {
        if (_tables.Remove(table, out Contents? contents))
        {
            foreach (uint identity in contents.Peers)
            {
                maps.DeletePeer(new PolicyPeerKey { Table = table, Identity = identity });
            }

            foreach (PolicyRuleKey key in contents.Rules)
            {
                maps.DeleteRule(key);
            }

            (Peers, Rules) = (Peers - contents.Peers.Count, Rules - contents.Rules.Count);
        }
    }

    private Contents Of(uint table)
    {
        if (!_tables.TryGetValue(table, out Contents? contents))
        {
            _tables[table] = contents = new Contents();
        }

        return contents;
    }

    private static void Require(int needed, int used, int max, string map, string key)
    {
        if (used + needed > max)
        {
            throw new PolicyMapFullException(map, used, needed, max, key);
        }
    }

    /// <summary>Writes rows and remembers them first: what a failed batch did write is removed with the table.</summary>
    private static void Put<TKey, TValue>(
        string map, string config, int used, int needed, int max, IReadOnlyList<KeyValuePair<TKey, TValue>> rows, Action<TKey> remember, Action<IReadOnlyList<KeyValuePair<TKey, TValue>>> write)
    {
        if (rows.Count == 0)
        {
            return;
        }

        foreach ((TKey key, _) in rows)
        {
            remember(key);
        }

        try
        {
            write(rows);
        }
        catch (BpfMapFullException)
        {
            throw new PolicyMapFullException(map, used, needed, max, config);
        }
    }
}
