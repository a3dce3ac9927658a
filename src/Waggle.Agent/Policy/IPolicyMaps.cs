using Waggle.Datapath.Abi;

namespace Waggle.Agent.Policy;

/// <summary>The maps of compiled policy (<c>bpf/abi/policy.h</c>), as far as the agent writes them.</summary>
internal interface IPolicyMaps
{
    /// <summary>Rows that fit.</summary>
    int PeersMax { get; }

    int RulesMax { get; }

    int SubjectsMax { get; }

    IEnumerable<PolicyPeerKey> Peers();

    IEnumerable<PolicyRuleKey> Rules();

    IEnumerable<KeyValuePair<uint, PolicySubject>> Subjects();

    /// <param name="replace">The keys are there already; false: none of them is.</param>
    void PutPeers(IReadOnlyList<KeyValuePair<PolicyPeerKey, PolicyPeer>> rows, bool replace);

    /// <inheritdoc cref="PutPeers"/>
    void PutRules(IReadOnlyList<KeyValuePair<PolicyRuleKey, PolicyRule>> rows, bool replace);

    void DeletePeer(PolicyPeerKey key);

    void DeleteRule(PolicyRuleKey key);

    void PutSubject(uint number, in PolicySubject row);

    void DeleteSubject(uint number);

    /// <summary>policy_state.revision.</summary>
    uint Revision { get; set; }

    void ZeroCounters(IEnumerable<uint> rules);
}
