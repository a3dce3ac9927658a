using Waggle.Agent.Datapath;
using Waggle.Bpf;
using Waggle.Datapath.Abi;

namespace Waggle.Agent.Policy;

/// <summary>The pinned maps, written in the order that keeps programs from reading a row that is written over (<c>bpf/abi/policy.h</c>). Not thread-safe.</summary>
internal sealed class PolicyMaps(DatapathState datapath) : IPolicyMaps
{
    private const int Batch = 4096;
    private bool _isFreed, _isPut;

    public int PeersMax => (int)datapath.Maps.PolicyPeers.Map.Info.MaxEntries;

    public int RulesMax => (int)datapath.Maps.PolicyRules.Map.Info.MaxEntries;

    public int SubjectsMax => (int)datapath.Maps.PolicySubjects.Map.Info.MaxEntries;

    public uint Revision
    {
        get => datapath.Maps.PolicyState.TryLookup(0, out PolicyState state) ? state.Revision : 0;
        set
        {
            Write(value);
            datapath.Maps.ForwardingChanged();
        }
    }

    public IEnumerable<PolicyPeerKey> Peers() => datapath.Maps.PolicyPeers.Keys();

    public IEnumerable<PolicyRuleKey> Rules() => datapath.Maps.PolicyRules.Keys();

    public IEnumerable<KeyValuePair<uint, PolicySubject>> Subjects() => datapath.Maps.PolicySubjects.Entries();

    public void PutPeers(IReadOnlyList<KeyValuePair<PolicyPeerKey, PolicyPeer>> rows, bool replace) => Put(datapath.Maps.PolicyPeers, rows, replace);

    public void PutRules(IReadOnlyList<KeyValuePair<PolicyRuleKey, PolicyRule>> rows, bool replace) => Put(datapath.Maps.PolicyRules, rows, replace);

    public void DeletePeer(PolicyPeerKey key) => Delete(datapath.Maps.PolicyPeers, key);

    public void DeleteRule(PolicyRuleKey key) => Delete(datapath.Maps.PolicyRules, key);

    public void PutSubject(uint number, in PolicySubject row)
    {
        BeforePut();
        datapath.Maps.PolicySubjects.Update(number, row);
        _isFreed = true; // the row that was there, if any
    }

    public void DeleteSubject(uint number) => Delete(datapath.Maps.PolicySubjects, number);

    public void ZeroCounters(IEnumerable<uint> rules)
    {
        PolicyCounter[] zero = new PolicyCounter[BpfCpu.PossibleCount];
        foreach (uint rule in rules)
        {
            datapath.Maps.PolicyCounters.Update(rule, zero);
        }
    }

    /// <summary>A new row may get the memory of one that programs still read: what they read then must not count.</summary>
    private void BeforePut()
    {
        if (_isFreed)
        {
            Write(Revision);
        }

        _isPut = true;
    }

    /// <summary>Whoever looked before the last write must not take a row for missing that goes now.</summary>
    private void Delete<TKey, TValue>(BpfMap<TKey, TValue> map, TKey key)
        where TKey : unmanaged
        where TValue : unmanaged
    {
        if (_isPut)
        {
            Write(Revision);
        }

        map.Delete(key);
        _isFreed = true;
    }

    /// <summary>Moves the sequence, and with it whatever is written as revision.</summary>
    private void Write(uint revision)
    {
        uint sequence = datapath.Maps.PolicyState.TryLookup(0, out PolicyState state) ? state.Sequence : 0;
        datapath.Maps.PolicyState.Update(0, new PolicyState { Revision = revision, Sequence = sequence + 1 });
        _isFreed = _isPut = false;
    }

    private void Put<TKey, TValue>(BpfMap<TKey, TValue> map, IReadOnlyList<KeyValuePair<TKey, TValue>> rows, bool replace)
        where TKey : unmanaged
        where TValue : unmanaged
    {
        if (replace || rows.Count <= 4)
        {
            foreach ((TKey key, TValue value) in rows)
            {
                BeforePut();
                map.Update(key, value);
                _isFreed |= replace;
            }

            return;
        }

        BeforePut(); // new rows free nothing: the kernel takes them in batches

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
