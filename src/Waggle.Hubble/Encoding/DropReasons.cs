using System.Globalization;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Encoding;

/// <summary>Texts of drop reasons, made from the names of the enum: POLICY_DENIED → "Policy denied".</summary>
public static class DropReasons
{
    private static readonly string?[] Texts = Make();

    /// <summary>The text; an unknown number gives the number.</summary>
    public static string Text(int reason) =>
        (uint)reason < (uint)Texts.Length && Texts[reason] is { } text ? text : reason.ToString(CultureInfo.InvariantCulture);

    /// <summary>Name of the enum's value (POLICY_DENIED), as JSON and flags spell it.</summary>
    public static string Name(int reason) =>
        DropReasonDescriptor().FindValueByNumber(reason)?.Name ?? reason.ToString(CultureInfo.InvariantCulture);

    private static Google.Protobuf.Reflection.EnumDescriptor DropReasonDescriptor() =>
        FlowReflection.Descriptor.EnumTypes.Single(e => e.Name == nameof(DropReason));

    private static string?[] Make()
    {
        var texts = new string?[256];
        foreach (var value in DropReasonDescriptor().Values.Where(v => v.Number is > 0 and < 256))
        {
            var words = value.Name.Replace("DROP_", "", StringComparison.Ordinal).Split('_').Select(Word);
            var text = string.Join(' ', words);
            texts[value.Number] = char.ToUpperInvariant(text[0]) + text[1..];
        }

        return texts;
    }

    /// <summary>Abbreviations stay as they are.</summary>
    private static string Word(string word) => word is "CT" or "IP" or "MAC" or "TCP" or "ACK" or "L2" or "L3" or "L4" or "ICMPV4" or "ICMPV6" or "IPV6"
        or "NAT" or "FIB" or "VNI" or "TC" or "SID" or "EDT" or "LB" or "VLAN" or "NAT46" or "NAT64" or "SNAT" or "ID" or "TTL" or "SRV6" or "DSR" or "IGMP" or "MLD" or "MTU"
        ? word.Replace("ICMPV", "ICMPv", StringComparison.Ordinal).Replace("IPV", "IPv", StringComparison.Ordinal) : word.ToLowerInvariant();
}
