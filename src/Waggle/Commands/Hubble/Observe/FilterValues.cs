using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Waggle.Cli;
using Waggle.Hubble.Printing;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Commands.Hubble.Observe;

/// <summary>Reads the values of filter flags. Each error says which flag, and the nearest value where there is a list of them.</summary>
internal static class FilterValues
{
    public static Verdict Verdict(string value) =>
        ProtoNames.Verdict.TryParse(value.ToUpperInvariant(), out var number) ? (Verdict)number : throw Wrong("--verdict", value, FilterFlags.Verdicts);

    public static DropReason DropReason(string value) =>
        ProtoNames.DropReason.TryParse(value.ToUpperInvariant(), out var number) ? (DropReason)number : throw Wrong("--drop-reason-desc", value, ProtoNames.DropReason.All, list: false);

    public static TrafficDirection Direction(string value) => value.ToLowerInvariant() switch
    {
        "ingress" => TrafficDirection.Ingress,
        "egress" => TrafficDirection.Egress,
        _ => throw Wrong("--traffic-direction", value, ["ingress", "egress"]),
    };

    public static IPVersion Version(string value) => value.ToLowerInvariant() switch
    {
        "4" or "v4" or "ipv4" or "ip4" => IPVersion.Ipv4,
        "6" or "v6" or "ipv6" or "ip6" => IPVersion.Ipv6,
        "none" or "" => IPVersion.IpNotUsed,
        _ => throw Wrong("--ip-version", value, ["v4", "v6", "none"]),
    };

    public static uint Identity(string flag, string value) =>
        ReservedIdentities.TryParse(value, out var identity) ? identity : throw Wrong("--" + flag, value, ReservedIdentities.All, "or a number");

    public static Workload Workload(string value)
    {
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? new Workload { Name = value } : new Workload { Kind = value[..slash], Name = value[(slash + 1)..] };
    }

    public static TCPFlags TcpFlags(string value)
    {
        var flags = new TCPFlags();
        foreach (var word in value.Split(','))
        {
            _ = word.ToLowerInvariant() switch
            {
                "syn" => flags.SYN = true,
                "ack" => flags.ACK = true,
                "fin" => flags.FIN = true,
                "rst" => flags.RST = true,
                "psh" => flags.PSH = true,
                "urg" => flags.URG = true,
                "ece" => flags.ECE = true,
                "cwr" => flags.CWR = true,
                "ns" => flags.NS = true,
                _ => throw Wrong("--tcp-flags", word, FilterFlags.TcpFlags),
            };
        }

        return flags;
    }

    public static EventTypeFilter EventType(string value)
    {
        var colon = value.IndexOf(':', StringComparison.Ordinal);
        string type = colon < 0 ? value : value[..colon], sub = colon < 0 ? "" : value[(colon + 1)..];
        var known = EventTypes.All.FirstOrDefault(each => each.Name == type);
        var filter = new EventTypeFilter
        {
            Type = known.Name is not null ? known.Number : Number(type) ?? throw Wrong("--type", type, EventTypes.Flows.Select(each => each.Name), "or a number"),
        };
        if (colon >= 0)
        {
            IReadOnlyList<string> subs = filter.Type switch { EventTypes.Trace => EventTypes.TracePoints, EventTypes.Agent => EventTypes.AgentEvents, _ => [] };
            var index = Array.IndexOf([.. subs], sub);
            filter.MatchSubType = true;
            filter.SubType = index >= 0 ? index : Number(sub) ?? throw (subs.Count > 0
                ? Wrong($"--type {type}:", sub, subs, "or a number")
                : CliException.Usage($"--type cannot be \"{value}\"", $"Events of type {type} have numbers as sub-types."));
        }

        return filter;
    }

    public static HTTPHeader Header(string value)
    {
        var colon = value.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 ? new HTTPHeader { Key = value[..colon], Value = value[(colon + 1)..] } : throw CliException.Usage($"--http-header cannot be \"{value}\"", "write KEY:VALUE");
    }

    /// <summary>An address, or a prefix of them.</summary>
    public static void Address(string flag, string value)
    {
        var sound = value.Contains('/') ? IPNetwork.TryParse(value, out _) || HostBits(value) : IPAddress.TryParse(value, out _);
        if (!sound)
        {
            throw CliException.Usage($"--{flag} cannot be \"{value}\"", "write an address such as 10.0.0.1 or fd00::1, or a prefix such as 10.0.0.0/8");
        }
    }

    public static void Port(string flag, string value)
    {
        if (!ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            throw CliException.Usage($"--{flag} cannot be \"{value}\"", "write a number between 0 and 65535");
        }
    }

    public static ulong Number(string flag, string value) =>
        ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw CliException.Usage($"--{flag} cannot be \"{value}\"", "write a number");

    /// <summary>Checked here so that the flag is named; the server checks it again.</summary>
    public static void Regex(string flag, string value)
    {
        try
        {
            _ = new Regex(value, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception wrong) when (wrong is ArgumentException or NotSupportedException)
        {
            throw CliException.Usage($"--{flag} cannot be \"{value}\": {wrong.Message}", "Write a regular expression in RE2's syntax (no look-around, no back-references).");
        }
    }

    // Prefixes with bits set after their length mean the network: 10.0.0.7/24 is what people copy from "ip address".
    private static bool HostBits(string value)
    {
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        return IPAddress.TryParse(value[..slash], out var address) && int.TryParse(value[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            && length <= (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128);
    }

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static CliException Wrong(string flag, string value, IEnumerable<string> known, string more = "", bool list = true)
    {
        string[] all = [.. known];
        var near = Suggestions.Nearest(value, all);
        return CliException.Usage($"{flag} cannot be \"{value}\"", $"Did you mean \"{near}\"?{(list ? $" Known: {string.Join(", ", all)}{(more.Length > 0 ? ", " + more : "")}." : "")}");
    }
}
