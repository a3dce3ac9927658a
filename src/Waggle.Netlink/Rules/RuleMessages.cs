using System.Net;
using System.Runtime.InteropServices;

namespace Waggle.Netlink;

/// <summary>struct fib_rule_hdr (linux/fib_rules.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RuleHeader
{
    public byte Family;
    public byte DestinationLength;
    public byte SourceLength;
    public byte Tos;
    public byte Table;
    public byte Reserved1;
    public byte Reserved2;
    public byte Action;
    public uint Flags;
}

/// <summary>Rule requests as bytes, and replies read.</summary>
internal static class RuleMessages
{
    internal static byte[] List(byte family)
    {
        var writer = new MessageWriter(Rtm.GETRULE, MessageFlags.None);
        writer.Fixed(new RuleHeader { Family = family });
        return writer.ToArray();
    }

    internal static byte[] Write(ushort type, MessageFlags flags, RoutingRule rule)
    {
        var writer = new MessageWriter(type, flags);
        writer.Fixed(new RuleHeader
        {
            Family = Family.Of(rule.Family),
            DestinationLength = (byte)(rule.To?.PrefixLength ?? 0),
            SourceLength = (byte)(rule.From?.PrefixLength ?? 0),
            Table = rule.Table < 256 ? (byte)rule.Table : (byte)0,
            Action = (byte)rule.Action,
            Flags = rule.Invert ? Fra.FIB_RULE_INVERT : 0u,
        });
        writer.U32(Fra.FRA_PRIORITY, rule.Priority);
        if (rule.Action == RuleAction.ToTable)
            writer.U32(Fra.FRA_TABLE, rule.Table);
        if (rule.From is { PrefixLength: > 0 } from)
            writer.Address(Fra.FRA_SRC, from.BaseAddress);
        if (rule.To is { PrefixLength: > 0 } to)
            writer.Address(Fra.FRA_DST, to.BaseAddress);
        if (rule.Mark is { } mark)
            writer.U32(Fra.FRA_FWMARK, mark);
        if (rule.MarkMask is { } mask)
            writer.U32(Fra.FRA_FWMASK, mask);
        if (rule.InputInterface is { } input)
            writer.String(Fra.FRA_IIFNAME, input);
        if (rule.OutputInterface is { } output)
            writer.String(Fra.FRA_OIFNAME, output);
        if (rule.SuppressPrefixLength is { } suppress)
            writer.I32(Fra.FRA_SUPPRESS_PREFIXLEN, suppress);
        if (type == Rtm.NEWRULE)
            writer.U8(Fra.FRA_PROTOCOL, (byte)rule.Protocol);
        return writer.ToArray();
    }

    internal static RoutingRule? Parse(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type is not (Rtm.NEWRULE or Rtm.DELRULE))
            return null;
        RuleHeader header = Payload.Read<RuleHeader>(payload, out AttributeReader a);
        if (header.Family is not (Family.Inet or Family.Inet6))
            return null;
        IPAddress? from = null, to = null;
        var rule = new RoutingRule(Family.ToManaged(header.Family), 0)
        {
            Action = (RuleAction)header.Action,
            Table = header.Table,
            Invert = (header.Flags & Fra.FIB_RULE_INVERT) != 0,
            Protocol = RouteProtocol.Unspecified,
        };
        while (a.MoveNext())
        {
            switch (a.Type)
            {
                case Fra.FRA_PRIORITY: rule = rule with { Priority = a.U32() }; break;
                case Fra.FRA_TABLE: rule = rule with { Table = a.U32() }; break;
                case Fra.FRA_SRC: from = a.Address(); break;
                case Fra.FRA_DST: to = a.Address(); break;
                case Fra.FRA_FWMARK: rule = rule with { Mark = a.U32() }; break;
                case Fra.FRA_FWMASK: rule = rule with { MarkMask = a.U32() }; break;
                case Fra.FRA_IIFNAME: rule = rule with { InputInterface = a.String() }; break;
                case Fra.FRA_OIFNAME: rule = rule with { OutputInterface = a.String() }; break;
                case Fra.FRA_PROTOCOL: rule = rule with { Protocol = (RouteProtocol)a.U8() }; break;
                case Fra.FRA_SUPPRESS_PREFIXLEN when a.I32() >= 0: rule = rule with { SuppressPrefixLength = a.I32() }; break;
            }
        }

        return rule with
        {
            From = from is null ? null : Family.Network(header.Family, from, header.SourceLength),
            To = to is null ? null : Family.Network(header.Family, to, header.DestinationLength),
        };
    }
}
