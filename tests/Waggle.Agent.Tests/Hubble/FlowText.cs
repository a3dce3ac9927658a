using System.Globalization;
using Waggle.Hubble.Printing;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Agent.Tests.Hubble;

/// <summary>
/// A flow as one line of the tables in <see cref="ConversationTests"/>. What is as it must be is short; whatever is not (a wrong identity,
/// a missing label, another address) is spelt out, so that it cannot pass.
/// </summary>
internal sealed class FlowText(ConversationLab lab)
{
    /// <summary>Node, place, verdict, direction, reason of the trace, whether it answers, packet, ends, what decided.</summary>
    public string Of(int node, Flow flow) => string.Join(' ', new[]
    {
        $"{(char)('a' + node)}", Place(flow), flow.Verdict.ToString().ToUpperInvariant(), flow.TrafficDirection is TrafficDirection.Unknown ? "-" : flow.TrafficDirection.ToString().ToUpperInvariant(),
        flow.TraceReason is TraceReason.Unknown ? "-" : flow.TraceReason.ToString().ToLowerInvariant(), flow.IsReply switch { null => "-", true => "reply", false => "first" },
        Packet(flow), End(node, flow.Source, flow.IP?.Source), ">", End(node, flow.Destination, flow.IP?.Destination), Decision(flow), Rest(node, flow),
    }.Where(t => t.Length > 0));

    private static string Place(Flow flow) => flow.EventType.Type switch
    {
        1 => "drop",
        4 => EventTypes.TracePoint(flow.EventType.SubType),
        5 => $"verdict:{Match(flow.PolicyMatchType)}",
        64 => flow.Membership.Change.ToString().ToLowerInvariant(),
        _ => $"event {flow.EventType}",
    };

    private static string Match(uint match) => match switch { 0 => "none", 1 => "L3-only", 2 => "L3-L4", 3 => "L4-only", 4 => "all", 5 => "L3-proto", 6 => "proto-only", _ => $"{match}" };

    private static string Packet(Flow flow) => flow.L4 switch
    {
        null => flow.Membership is null ? "no-L4" : "",
        { TCP: { Flags: var f } } => string.Join('+', new[] { (f.SYN, "SYN"), (f.FIN, "FIN"), (f.RST, "RST"), (f.PSH, "PSH"), (f.ACK, "ACK") }.Where(t => t.Item1).Select(t => t.Item2)),
        { UDP: not null } => "UDP",
        { SCTP: not null } => "SCTP",
        { ICMPv4: { } i } => Icmp(i.Type, i.Code, false),
        { ICMPv6: { } i } => Icmp(i.Type, i.Code, true),
        { IGMP: { } i } => i.Type is 0x22 ? "report" : $"igmp:{i.Type}",
        _ => flow.L4.ToString(),
    };

    private static string Icmp(uint type, uint code, bool v6) => (v6, type, code) switch
    {
        (false, 8, 0) or (true, 128, 0) => "echo",
        (false, 0, 0) or (true, 129, 0) => "echo-reply",
        (false, 3, 3) or (true, 1, 4) => "port-unreachable",
        (false, 3, 13) or (true, 1, 1) => "prohibited",
        (false, 11, 0) or (true, 3, 0) => "time-exceeded",
        (true, 143, 0) => "report",
        _ => $"icmp:{type}/{code}",
    };

    /// <summary>The name, if the address and all that is said of its owner belong together.</summary>
    private string End(int node, Endpoint said, string? address)
    {
        if (string.IsNullOrEmpty(address))
        {
            address = lab.Parties.FirstOrDefault(p => p.Name == said.PodName)?.Ip; // a membership has no packet
        }

        Party? party = lab.Parties.FirstOrDefault(p => p.Ip == address || p.Ip6 == address);
        if (party is null)
        {
            return said.Identity == 2 ? $"{address}(world)" : $"{address}({said})";
        }

        bool isPod = party.Wire is not null, isHere = party.Node == node;
        uint identity = party.Node >= 0 && !isPod && !isHere ? 6 : party.Identity;
        bool labelled = isPod ? said.Labels.Contains(party.Label) && said.Namespace == "default" && said.PodName == party.Name && said.ClusterName == "default"
            : said.PodName.Length == 0 && said.Labels.Contains(identity switch { 1 => "reserved:host", 6 => "reserved:remote-node", _ => "reserved:world" });
        if (isPod && said.PodName.Length > 0 && said.PodName != party.Name)
        {
            return $"{End(node, said, lab[said.PodName].Ip)}({party.Name}'s address)";
        }

        return labelled && said.Identity == identity && said.ID == (isPod && isHere ? party.EndpointId : 0) ? party.Name : $"{party.Name}(but {said})";
    }

    private static string Decision(Flow flow)
    {
        var parts = new List<string>();
        parts.AddRange(Names("out by", flow.EgressAllowedBy));
        parts.AddRange(Names("in by", flow.IngressAllowedBy));
        parts.AddRange(Names("not out by", flow.EgressDeniedBy));
        parts.AddRange(Names("not in by", flow.IngressDeniedBy));
        if (flow.DropReasonDesc != DropReason.Unknown)
        {
            parts.Add(ProtoNames.DropReason[(int)flow.DropReasonDesc]);
        }

        if (flow.File is { } file)
        {
            parts.Add(Source(file));
        }

        return string.Join(' ', parts);

        static IEnumerable<string> Names(string how, IEnumerable<Waggle.Hubble.Protocol.Flows.Policy> policies) =>
            policies.Any() ? [$"{how} {string.Join(',', policies.Select(p => p.Kind == "CiliumNetworkPolicy" && p.Namespace == "default" ? p.Name : p.ToString()))}"] : [];
    }

    /// <summary>The file, if at that line of it a packet really is dropped.</summary>
    private static string Source(Waggle.Hubble.Protocol.Flows.FileInfo file)
    {
        string path = Directory.EnumerateFiles(Path.Combine(Repository, "bpf"), file.Name, SearchOption.AllDirectories).Single();
        string line = File.ReadLines(path).ElementAtOrDefault((int)file.Line - 1) ?? "";
        return line.Contains("DROP", StringComparison.Ordinal) ? file.Name : string.Create(CultureInfo.InvariantCulture, $"{file.Name}:{file.Line} (no drop there: {line})");
    }

    /// <summary>What all flows have in common; nothing, if it is right.</summary>
    private string Rest(int node, Flow flow)
    {
        var wrong = new List<string>();
        Check(flow.NodeName == lab.Nodes[node].Name, "node_name", flow.NodeName);
        Check(flow.Uuid.Length == 36, "uuid", flow.Uuid);
        Check(flow.Type == FlowType.L3L4, "Type", flow.Type);
        Check(flow.Interface is { Index: > 0, Name.Length: > 0 }, "interface", flow.Interface);
        Check(flow.IP is null || flow.IP.IpVersion == (flow.IP.Destination.Contains(':') ? IPVersion.Ipv6 : IPVersion.Ipv4), "ipVersion", flow.IP?.IpVersion);
        Check(flow.IP is null || !flow.IP.Encrypted, "encrypted", flow.IP);
        Check(flow.EventType.Type == 64 || (flow.Ethernet is not null && flow.PacketLength > 14), "ethernet", flow.Ethernet);
#pragma warning disable CS0612 // what old clients read
        Check(flow.Reply == (flow.IsReply ?? false), "reply", flow.Reply);
#pragma warning restore CS0612
        Check(flow.Tunnel is null, "tunnel", flow.Tunnel);
        return string.Join(' ', wrong);

        void Check(bool right, string field, object? value)
        {
            if (!right)
            {
                wrong.Add($"!{field}={value}");
            }
        }
    }

    private static string Repository
    {
        get
        {
            string directory = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(directory, "Waggle.slnx")))
            {
                directory = Path.GetDirectoryName(directory)!;
            }

            return directory;
        }
    }
}
