namespace Waggle.Policy.Compile;

/// <summary>What is done with a packet; numbers as in <c>bpf/abi/policy.h</c>.</summary>
public enum PolicyAction : byte
{
    Deny = 0,
    Allow = 1,
    Redirect = 2,
}

/// <summary>What the deciding rule looked at; numbers as in <c>bpf/abi/policy.h</c>.</summary>
public enum PolicyMatch : byte
{
    /// <summary>No rule: the default.</summary>
    None = 0,
    PeerOnly = 1,
    PeerAndPort = 2,
    PortOnly = 3,
    All = 4,
    PeerAndProtocol = 5,
    ProtocolOnly = 6,
}

/// <summary>An action and its match in one byte, as the kernel holds it: the action in the low four bits.</summary>
public readonly record struct Decision(PolicyAction Action, PolicyMatch Match)
{
    public static Decision DefaultAllow { get; } = new(PolicyAction.Allow, PolicyMatch.None);

    public static Decision DefaultDeny { get; } = new(PolicyAction.Deny, PolicyMatch.None);

    public bool IsAllowed => Action != PolicyAction.Deny;

    public static Decision FromByte(byte value) => new((PolicyAction)(value & 0x0f), (PolicyMatch)(value >> 4));

    public byte ToByte() => (byte)((byte)Action | (byte)Match << 4);

    public override string ToString() => $"{Action}/{Match}";
}

/// <summary>A verdict and its shadow: what would hold if policies on trial were in force. Rules are numbers for <see cref="PolicyEngine.Describe"/>.</summary>
/// <param name="Decision">What holds.</param>
/// <param name="Rule">What decides; 0 when nothing selects the subject.</param>
/// <param name="Shadow">What would hold.</param>
/// <param name="ShadowRule">What would decide.</param>
public readonly record struct Verdict(Decision Decision, uint Rule, Decision Shadow, uint ShadowRule);

/// <summary>Value of <c>policy_peers</c>, and the <c>other</c> of a side.</summary>
/// <param name="Verdict">For traffic that no port row matches.</param>
/// <param name="Prefixes">Which port rows the class has: bits 0 … 16 for prefix lengths, 24 and up for protocols.</param>
/// <param name="Class">The class of the peer in its table.</param>
public readonly record struct PeerValue(Verdict Verdict, uint Prefixes, ushort Class);

/// <summary>Row of <c>policy_peers</c>; its table stands with the batch.</summary>
public readonly record struct PeerRow(uint Identity, PeerValue Value);

/// <summary>Key of <c>policy_rules</c> without the table.</summary>
/// <param name="Class">The class of the peer.</param>
/// <param name="Protocol">IP protocol number.</param>
/// <param name="PrefixLength">0 … 16 bits of the port that count.</param>
/// <param name="Port">Host order, bits behind the prefix zero; for ICMP the type.</param>
public readonly record struct PortKey(ushort Class, byte Protocol, byte PrefixLength, ushort Port);

/// <summary>Row of <c>policy_rules</c>; its table stands with the batch.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Verdict">Its verdict.</param>
/// <param name="ProxyPort">Host order; 0 for none.</param>
public readonly record struct PortRow(PortKey Key, Verdict Verdict, ushort ProxyPort = 0);

/// <summary>Bits of <see cref="PeerValue.Prefixes"/> that name protocols.</summary>
public static class ProtocolBits
{
    public const int Tcp = 24;
    public const int Udp = 25;
    public const int Sctp = 26;
    public const int Icmp = 27;
    public const int IcmpV6 = 28;
    public const int Other = 29;
}
