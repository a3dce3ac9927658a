using System.Globalization;
using System.Text.Json;

namespace Waggle.Policy.Rules.Parsing;

/// <summary>Reads <c>toPorts</c> and <c>icmps</c> of Cilium's policies.</summary>
internal static class PortReader
{
    private const int MostPorts = 40;
    private const int MostFields = 40;

    /// <summary>Ports by what can be done about them.</summary>
    /// <param name="Plain">Null: no port is named at all, so all traffic is meant.</param>
    /// <param name="NeedProxy">Ports whose streams a proxy would have to look into.</param>
    public readonly record struct Ports(List<PortMatch>? Plain, List<PortMatch> NeedProxy);

    public static Ports Read(Field rule, Direction direction, bool isDeny)
    {
        List<Field>? toPorts = rule["toPorts"].Items(), icmps = rule["icmps"].Items();
        if (toPorts is { Count: > 0 } && icmps is { Count: > 0 })
        {
            rule["icmps"].Error("icmps and toPorts exclude each other; write two rules");
        }

        // An empty list names no port, which is the same as none.
        if (toPorts is not { Count: > 0 } && icmps is not { Count: > 0 })
        {
            return new Ports(null, []);
        }

        var ports = new Ports([], []);
        foreach (Field entry in toPorts ?? [])
        {
            ReadEntry(entry, direction, isDeny, ports);
        }

        foreach (Field entry in icmps ?? [])
        {
            ReadIcmp(entry, ports.Plain!);
        }

        return ports;
    }

    /// <summary>Reads a protocol's name; null for any, or when it is wrong (which is reported).</summary>
    public static IpProtocol? Protocol(Field field, bool takesAny)
    {
        string? text = field.Text();
        switch (text?.ToUpperInvariant())
        {
            case "TCP": return IpProtocol.Tcp;
            case "UDP": return IpProtocol.Udp;
            case "SCTP": return IpProtocol.Sctp;
            case null or "" or "ANY" when takesAny: return null;
            default:
                field.Error($"{ProblemList.Quote(text)} is no protocol; there are TCP, UDP{(takesAny ? ", SCTP and ANY" : " and SCTP")}");
                return null;
        }
    }

    private static void ReadEntry(Field entry, Direction direction, bool isDeny, Ports into)
    {
        if (!entry.IsObject())
        {
            return;
        }

        if (isDeny)
        {
            entry.Only("ports");
        }
        else
        {
            entry.Only("ports", "rules", "listener", "terminatingTLS", "originatingTLS", "serverNames");
        }

        Field rules = entry["rules"];
        string? parser = isDeny ? null : L7Reader.Read(rules, direction);
        string? needs = isDeny ? null
            : parser is not null ? $"rules.{parser}"
            : new[] { "listener", "terminatingTLS", "originatingTLS" }.FirstOrDefault(n => entry[n].Exists)
                ?? (entry["serverNames"].Items() is { Count: > 0 } ? "serverNames" : null);
        foreach (Field port in entry["ports"].Items(MostPorts) ?? [])
        {
            if (ReadPort(port) is not { } match)
            {
                continue;
            }

            if (parser is not null and not "dns" && match.Protocol != IpProtocol.Tcp)
            {
                port["protocol"].Error($"{parser} rules need the protocol TCP");
            }

            if (parser is not null && (match.IsAllPorts || match.First != match.Last))
            {
                port.Error($"{parser} rules need a single port");
            }

            (needs is null ? into.Plain! : into.NeedProxy).Add(match);
        }

        if (parser == "dns" && entry["ports"].Items() is not { Count: > 0 })
        {
            entry["ports"].Error("dns rules need a port, usually 53");
        }

        if (needs is not null)
        {
            entry.Warn($"{needs} needs a proxy, which there is none yet: the ports are refused unless another rule allows them without");
        }
    }

    private static PortMatch? ReadPort(Field field)
    {
        if (!field.IsObject())
        {
            return null;
        }

        field.Only("port", "endPort", "protocol");
        IpProtocol? protocol = Protocol(field["protocol"], takesAny: true);
        string? text = field["port"].Text();
        long? end = field["endPort"].Number();
        if (string.IsNullOrEmpty(text))
        {
            field["port"].Error("is required");
            return null;
        }

        if (LabelSyntax.IsPortName(text))
        {
            if (end is > 0)
            {
                field["endPort"].Error("goes with a port number only, not with a name");
            }

            return new PortMatch(protocol, 0, 0, text.ToLowerInvariant());
        }

        if (!ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort first))
        {
            field["port"].Error($"{ProblemList.Quote(text)} is neither a port number (0 to 65535) nor a port's name");
            return null;
        }

        return Range(field["endPort"], protocol, first, end);
    }

    private static PortMatch? Range(Field field, IpProtocol? protocol, ushort first, long? end)
    {
        if (end is null or 0)
        {
            return first == 0 ? PortMatch.All(protocol) : new PortMatch(protocol, first, first);
        }

        if (end is < 0 or > 65535 || first == 0 || end < first)
        {
            field.Error(first == 0 ? "goes with a port number above 0 only" : end < first ? $"{end} is below the port {first}" : $"{end} is no port number (1 to 65535)");
            return null;
        }

        return new PortMatch(protocol, first, (ushort)end);
    }

    private static void ReadIcmp(Field entry, List<PortMatch> into)
    {
        if (!entry.IsObject())
        {
            return;
        }

        entry.Only("fields");
        foreach (Field field in entry["fields"].Items(MostFields) ?? [])
        {
            if (!field.IsObject())
            {
                continue;
            }

            field.Only("family", "type");
            string family = field["family"].Text() is { Length: > 0 } named ? named : "IPv4";
            if (family is not ("IPv4" or "IPv6"))
            {
                field["family"].Error($"{ProblemList.Quote(family)} is no family; there are IPv4 and IPv6");
                continue;
            }

            if (IcmpType(field["type"], family == "IPv4") is { } type)
            {
                into.Add(new PortMatch(family == "IPv4" ? IpProtocol.Icmp : IpProtocol.IcmpV6, type, type));
            }
        }
    }

    private static byte? IcmpType(Field field, bool isIPv4)
    {
        if (!field.Exists)
        {
            field.Error("is required");
            return null;
        }

        if (field.Kind == JsonValueKind.Number)
        {
            long? number = field.Number();
            if (number is >= 0 and <= 255)
            {
                return (byte)number;
            }

            field.Error($"{number} is no ICMP type (0 to 255)");
            return null;
        }

        string? text = field.Text();
        if (text is null)
        {
            return null;
        }

        if (byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out byte type) || (isIPv4 ? IcmpTypes.IPv4 : IcmpTypes.IPv6).TryGetValue(text, out type))
        {
            return type;
        }

        field.Error($"{ProblemList.Quote(text)} is no ICMP type of {(isIPv4 ? "IPv4" : "IPv6")}: give a number from 0 to 255 or a name such as EchoRequest");
        return null;
    }
}
