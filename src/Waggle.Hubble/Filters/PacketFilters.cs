using System.Globalization;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Filters;

/// <summary>Questions about a packet's headers.</summary>
internal static class PacketFilters
{
    private enum Address
    {
        Source,
        Destination,
        Translated,
    }

    public static FlowPredicate SourceIp(string field, IReadOnlyList<string> ips) => Ips(field, ips, Address.Source);

    public static FlowPredicate DestinationIp(string field, IReadOnlyList<string> ips) => Ips(field, ips, Address.Destination);

    public static FlowPredicate TranslatedIp(string field, IReadOnlyList<string> ips) => Ips(field, ips, Address.Translated);

    public static FlowPredicate Ports(string field, IReadOnlyList<string> ports, bool source)
    {
        var wanted = ports.Select(p => ushort.TryParse(p, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port
            : throw new FilterException(field, $"\"{p}\" is not a port number (0 to 65535)")).ToHashSet();
        if (wanted.Count == 1)
        {
            var only = wanted.Single();
            return source ? (in FlowRecord f) => f.HasPorts && f.SourcePort == only : (in FlowRecord f) => f.HasPorts && f.DestinationPort == only;
        }

        return source ? (in FlowRecord f) => f.HasPorts && wanted.Contains(f.SourcePort) : (in FlowRecord f) => f.HasPorts && wanted.Contains(f.DestinationPort);
    }

    public static FlowPredicate Protocols(string field, IReadOnlyList<string> names)
    {
        var l4 = new HashSet<byte>();
        var l7 = new HashSet<Layer7.RecordOneofCase>();
        foreach (var name in names)
        {
            _ = name.ToLowerInvariant() switch
            {
                "icmp" => l4.Add(IpProtocol.Icmp) | l4.Add(IpProtocol.IcmpV6),
                "icmpv4" => l4.Add(IpProtocol.Icmp),
                "icmpv6" => l4.Add(IpProtocol.IcmpV6),
                "tcp" => l4.Add(IpProtocol.Tcp),
                "udp" => l4.Add(IpProtocol.Udp),
                "sctp" => l4.Add(IpProtocol.Sctp),
                "igmp" => l4.Add(IpProtocol.Igmp),
                "vrrp" => l4.Add(IpProtocol.Vrrp),
                "dns" => l7.Add(Layer7.RecordOneofCase.Dns),
                "http" => l7.Add(Layer7.RecordOneofCase.Http),
                "kafka" => l7.Add(Layer7.RecordOneofCase.Kafka),
                _ => throw new FilterException(field, $"\"{name}\" is not a protocol: use icmp, icmpv4, icmpv6, igmp, tcp, udp, sctp, vrrp, dns, http or kafka"),
            };
        }

        return (in FlowRecord f) => (f.HasL4 && l4.Contains(f.Protocol)) || (f.L7 is { } record && l7.Contains(record.RecordCase));
    }

    public static FlowPredicate TcpFlags(IReadOnlyList<TCPFlags> flags)
    {
        TcpFlagBits[] wanted = [.. flags.Select(f =>
            (f.FIN ? TcpFlagBits.Fin : 0) | (f.SYN ? TcpFlagBits.Syn : 0) | (f.RST ? TcpFlagBits.Rst : 0) | (f.PSH ? TcpFlagBits.Psh : 0)
            | (f.ACK ? TcpFlagBits.Ack : 0) | (f.URG ? TcpFlagBits.Urg : 0) | (f.ECE ? TcpFlagBits.Ece : 0) | (f.CWR ? TcpFlagBits.Cwr : 0) | (f.NS ? TcpFlagBits.Ns : 0))];
        return (in FlowRecord f) =>
        {
            if (f.HasL4 && f.Protocol == IpProtocol.Tcp)
            {
                foreach (var bits in wanted)
                {
                    if ((f.TcpFlags & bits) == bits)
                    {
                        return true;
                    }
                }
            }

            return false;
        };
    }

    public static FlowPredicate IpVersions(IReadOnlyList<IPVersion> versions)
    {
        var (four, six, none) = (versions.Contains(IPVersion.Ipv4), versions.Contains(IPVersion.Ipv6), versions.Contains(IPVersion.IpNotUsed));
        return (in FlowRecord f) => f.IpVersion switch { 4 => four, 6 => six, _ => none };
    }

    private static FlowPredicate Ips(string field, IReadOnlyList<string> texts, Address which)
    {
        Prefix[] prefixes = [.. texts.Select(t => Prefix.Parse(field, t))];
        return (in FlowRecord f) =>
        {
            var address = which switch { Address.Source => f.Source, Address.Destination => f.Destination, _ => f.SourceTranslated };
            foreach (var prefix in prefixes)
            {
                if (prefix.Contains(address))
                {
                    return true;
                }
            }

            return false;
        };
    }

    private readonly record struct Prefix(FlowAddress Address, ulong HighMask, ulong LowMask, bool IsIPv4)
    {
        public static Prefix Parse(string field, string text)
        {
            var slash = text.IndexOf('/', StringComparison.Ordinal);
            if (!FlowAddress.TryParse(slash < 0 ? text : text[..slash], out var address))
            {
                throw new FilterException(field, $"\"{text}\" is not an IP address or CIDR");
            }

            var bits = 128;
            var width = address.IsIPv4 ? 32 : 128;
            if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out bits) || bits > width))
            {
                throw new FilterException(field, $"\"{text}\": the prefix length must be 0 to {width}");
            }

            bits += slash >= 0 ? 128 - width : 0;
            var high = bits == 0 ? 0 : bits >= 64 ? ulong.MaxValue : ulong.MaxValue << (64 - bits);
            var low = bits <= 64 ? 0 : ulong.MaxValue << (128 - bits);
            return new Prefix(new FlowAddress(address.High & high, address.Low & low), high, low, address.IsIPv4);
        }

        public bool Contains(FlowAddress other) =>
            !other.IsNone && other.IsIPv4 == IsIPv4 && (other.High & HighMask) == Address.High && (other.Low & LowMask) == Address.Low;
    }
}
