using Waggle.Agent.Datapath;
using Waggle.Bpf;
using Waggle.Datapath.Abi;

namespace Waggle.Agent.Policy;

/// <summary>The pinned maps.</summary>
internal sealed class PolicyMaps(DatapathState datapath) : IPolicyMaps
{
    private const int Batch = 4096;

    public int PeersMax => (int)datapath.Maps.PolicyPeers.Map.Info.MaxEntries;

    public int RulesMax => (int)datapath.Maps.PolicyRules.Map.Info.MaxEntries;

    public int SubjectsMax => (int)datapath.Maps.PolicySubjects.Map.Info.MaxEntries;

    public uint Revision
    {
        get => datapath.Maps.PolicyState.TryLookup(0, out PolicyState state) ? state.Revision : 0;
        set
        {
            datapath.Maps.PolicyState.Update(0, new PolicyState { Revision = value });
            datapath.Maps.ForwardingChanged();
        }
    }

    public IEnumerable<PolicyPeerKey> Peers() => datapath.Maps.PolicyPeers.Keys();

    public IEnumerable<PolicyRuleKey> Rules() => datapath.Maps.PolicyRules.Keys();

    public IEnumerable<KeyValuePair<uint, PolicySubject>> Subjects() => datapath.Maps.PolicySubjects.Entries();

    public void PutPeers(IReadOnlyList<KeyValuePair<PolicyPeerKey, PolicyPeer>> rows) => Put(datapath.Maps.PolicyPeers, rows);

    public void PutRules(IReadOnlyList<KeyValuePair<PolicyRuleKey, PolicyRule>> rows) => Put(datapath.Maps.PolicyRules, rows);

    public void DeletePeer(PolicyPeerKey key) => datapath.Maps.PolicyPeers.Delete(key);

    public void DeleteRule(PolicyRuleKey key) => datapath.Maps.PolicyRules.Delete(key);

    public void PutSubject(uint number, in PolicySubject row) => datapath.Maps.PolicySubjects.Update(number, row);

    public void DeleteSubject(uint number) => datapath.Maps.PolicySubjects.Delete(number);

    public void ZeroCounters(IEnumerable<uint> rules)
    {
        PolicyCounter[] zero = new PolicyCounter[BpfCpu.PossibleCount];
        foreach (uint rule in rules)
        {
            datapath.Maps.PolicyCounters.Update(rule, zero);
        }
    }

    private static void Put<TKey, TValue>(BpfMap<TKey, TValue> map, IReadOnlyList<KeyValuePair<TKey, TValue>> rows)
        where TKey : unmanaged
        where TValue : unmanaged
    {
        if (rows.Count <= 4)
        {
            foreach ((TKey key, TValue value) in rows)
            {
                map.Update(key, value);
            }

            return;
        }

        TKey[] keys = new TKey[Math.Min(Batch, rows.Count)];
        TValue[] values = new TValue[keys.Length];
        for (int at = 0; at < rows.Count; at += Batch)
        {
            int count = Math.Min(Batch, rows.Count - at);
            for (int i = 0; i < count; i++)
            {
                (keys[i], values[i]) = (rows[at + i].Key, rows[at + i].Value);
            }

            map.Update(keys.AsSpan(0, count), values.AsSpan(0, count));
        }
    }
}
