using Waggle.Datapath.Abi;
using Waggle.Policy.Compile;

namespace Waggle.Agent.Policy;

/// <summary>The compiler's rows as the kernel holds them.</summary>
internal static class AbiRows
{
    public static KeyValuePair<PolicyPeerKey, PolicyPeer> Peer(uint table, in PeerRow row) => new(new PolicyPeerKey { Table = table, Identity = row.Identity }, Peer(row.Value));

    public static PolicyPeer Peer(in PeerValue value) => new()
    {
        Rule = value.Verdict.Rule, ShadowRule = value.Verdict.ShadowRule, Prefixes = value.Prefixes, Class = value.Class,
        Decision = value.Verdict.Decision.ToByte(), ShadowDecision = value.Verdict.Shadow.ToByte(),
    };

    public static KeyValuePair<PolicyRuleKey, PolicyRule> Port(uint table, in PortRow row) => new(
        Key(table, row.Key),
        new PolicyRule
        {
            Rule = row.Verdict.Rule, ShadowRule = row.Verdict.ShadowRule, ProxyPort = row.ProxyPort,
            Decision = row.Verdict.Decision.ToByte(), ShadowDecision = row.Verdict.Shadow.ToByte(),
        });

    public static PolicyRuleKey Key(uint table, in PortKey key) => new() { Table = table, Class = key.Class, Protocol = key.Protocol, PrefixLength = key.PrefixLength, Port = key.Port };

    public static PolicySide Side(in SubjectSide side, bool audit) => new()
    {
        Other = Peer(side.Other), Table = side.Table, Mode = (byte)(!side.IsOn ? PolicyMode.Off : audit ? PolicyMode.Audit : PolicyMode.On),
    };

    public static List<KeyValuePair<PolicyPeerKey, PolicyPeer>> Peers(uint table, IReadOnlyList<PeerRow> rows)
    {
        var all = new List<KeyValuePair<PolicyPeerKey, PolicyPeer>>(rows.Count);
        foreach (PeerRow row in rows)
        {
            all.Add(Peer(table, row));
        }

        return all;
    }

    public static List<KeyValuePair<PolicyRuleKey, PolicyRule>> Ports(uint table, IReadOnlyList<PortRow> rows)
    {
        var all = new List<KeyValuePair<PolicyRuleKey, PolicyRule>>(rows.Count);
        foreach (PortRow row in rows)
        {
            all.Add(Port(table, row));
        }

        return all;
    }
}
