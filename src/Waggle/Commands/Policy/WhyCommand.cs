using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Cluster;
using Waggle.Commands.Config;
using Waggle.Policy.Addresses;
using Waggle.Policy.Compile;
using Waggle.Policy.Explain;
using Waggle.Policy.Rules;

namespace Waggle.Commands.Policy;

/// <summary><c>why SRC DST[:PORT[/PROTOCOL]]</c>: whether a new connection is let through, step by step, and which lines decide.</summary>
internal static class WhyCommand
{
    public static Verb Create(string tool, string name)
    {
        var cluster = new ClusterFlags();
        var output = new OutputFlags();
        var source = Operand.Required("source", "who connects: namespace/pod, a node, an IP address, world, host or remote-node");
        var destination = Operand.Required("destination", "whom to, with the port: default/web:80, 10.0.1.7:53/udp, [fd00::7]:443, world; without a port: ICMP echo");
        return new Verb(name, "Explain whether a connection is let through, and which rule decides")
        {
            Details = "Exit code 0: let through; 1: denied.",
            Operands = [source, destination],
            Flags = [.. output.All, .. cluster.All],
            Examples =
            [
                new($"{tool} {name} default/client default/web:80", "pod to pod"),
                new($"{tool} {name} default/client 192.0.2.7:53/udp", "pod to an address outside"),
                new($"{tool} {name} world default/web:443", "from outside"),
            ],
            Run = (call, cancellation) => RunAsync(call, cluster, output.Read(call), call.Get(source)!, call.Get(destination)!, cancellation),
        };
    }

    private static async Task<ExitCode> RunAsync(Call call, ClusterFlags flags, OutputRequest request, string from, string target, CancellationToken cancellation)
    {
        (string to, byte protocol, ushort port) = Target(target);
        using var client = flags.Open(call);
        IReadOnlyDictionary<string, string> config = await ConfigSource.ReadAsync(client, call.Get(flags.Namespace)!, cancellation).ConfigureAwait(false);
        ClusterPolicies cluster = await ClusterPolicies.ReadAsync(client, config, cancellation).ConfigureAwait(false);
        List<IpPrefix> cidrs = [.. cluster.Engine(cluster.Policies).RequiredCidrs.Order()];
        PolicyEngine engine = cluster.Engine(cluster.Policies, cidrs);
        Party source = cluster.Find(from, cidrs), destination = cluster.Find(to, cidrs);
        if (protocol == 0)
        {
            // Echo request: type 8 of ICMP (RFC 792), 128 of ICMPv6 (RFC 4443).
            (protocol, port) = (destination.Address ?? source.Address)?.AddressFamily == AddressFamily.InterNetworkV6 ? ((byte)58, (ushort)128) : ((byte)1, (ushort)8);
        }

        Explanation explanation = new PolicyExplainer(engine).Explain(source.Identity, source.Subject, destination.Identity, destination.Subject, protocol, port);

        // A node reaches its own pods whatever the policy says (kubelet's probes), unless allow-localhost is "policy".
        bool own = source.Subject is null && source.Node is not null && source.Node == destination.Node && config.GetValueOrDefault("allow-localhost") != "policy";
        bool allowed = own || explanation.IsAllowed;
        if (request.Structured)
        {
            Documents.Write(call.Terminal.Out, request, Json(source, destination, protocol, port, explanation, allowed, Path(source, destination, config)));
        }
        else
        {
            Print(call.Terminal, cluster, source, destination, Show(protocol, port), explanation, own, allowed, Path(source, destination, config));
        }

        return allowed ? ExitCode.Ok : ExitCode.Failed;
    }

    private static void Print(Terminal terminal, ClusterPolicies cluster, Party source, Party destination, string what, Explanation explanation, bool own, bool allowed, string path)
    {
        TextWriter output = terminal.Out;
        output.Write($"source       {Show(source)}\ndestination  {Show(destination)}\ntraffic      {what}\npath         {path}\n");
        foreach (Direction direction in new[] { Direction.Egress, Direction.Ingress })
        {
            output.Write($"\n{direction.ToString().ToLowerInvariant()} of {(direction == Direction.Egress ? source : destination).Name}\n");
            foreach (ExplanationStep step in explanation.Steps.Where(s => s.Direction == direction))
            {
                output.Write($"  {(step.Decides ? "▶" : " ")} {step.Text}\n");
                if (step.Decides && step.Place is { } place && Excerpt(cluster, place) is { } excerpt)
                {
                    output.Write(excerpt);
                }
            }
        }

        if (own)
        {
            output.Write("\nthe source is the destination's own node: always let through (allow-localhost)\n");
        }

        output.Write($"\n{(allowed ? "ALLOWED" : "DENIED")}{(allowed != explanation.IsAllowedWithTrials && !own ? explanation.IsAllowedWithTrials ? "; with the policies on trial it would be allowed" : "; with the policies on trial it would be denied" : "")}\n");
    }

    /// <summary>The lines of the object that a place is about, numbered as in what <c>kubectl get -o yaml</c> prints of it, less what the server manages.</summary>
    private static string? Excerpt(ClusterPolicies cluster, RulePlace place)
    {
        if (cluster.Object(place.Policy)?.DeepClone() is not JsonObject content)
        {
            return null;
        }

        (content["metadata"] as JsonObject)?.Remove("managedFields");
        content.Remove("status");
        var text = new StringWriter { NewLine = "\n" };
        YamlWriter.Write(text, content);
        PolicyDocument document = PolicyDocument.Of(place.Policy.ToString(), content, text.ToString());
        string[] lines = text.ToString().Split('\n');
        int first = (int)document.Line(place.Pointer) - 1, indent = Indent(lines[first]), last = first + 1;
        while (last < lines.Length && last < first + 12 && lines[last].Length > 0 && Indent(lines[last]) > indent)
        {
            last++;
        }

        return string.Concat(Enumerable.Range(first, last - first).Select(i => string.Create(CultureInfo.InvariantCulture, $"      {i + 1,4} │ {lines[i]}\n")));
    }

    private static int Indent(string line) => line.Length - line.TrimStart(' ').Length;

    private static JsonObject Json(Party source, Party destination, byte protocol, ushort port, Explanation explanation, bool allowed, string path) => new()
    {
        ["source"] = Json(source),
        ["destination"] = Json(destination),
        ["protocol"] = protocol,
        ["port"] = port,
        ["path"] = path,
        ["allowed"] = allowed,
        ["allowedWithTrials"] = explanation.IsAllowedWithTrials,
        ["steps"] = new JsonArray([.. explanation.Steps.Select(s => (JsonNode)new JsonObject
        {
            ["direction"] = s.Direction.ToString().ToLowerInvariant(),
            ["text"] = s.Text,
            ["decides"] = s.Decides,
            ["policy"] = s.Place?.Policy.ToString(),
            ["pointer"] = s.Place?.Pointer,
        })]),
    };

    private static JsonObject Json(Party party) => new() { ["name"] = party.Name, ["identity"] = party.Identity, ["address"] = party.Address?.ToString(), ["node"] = party.Node };

    private static string Show(Party party) =>
        $"{party.Name}{(party.Identity >= 1 << 24 ? "" : $", identity {party.Identity}")}{(party.Address is { } address && !party.Name.StartsWith(address.ToString(), StringComparison.Ordinal) ? $", {address}" : "")}{(party.Node is { } node ? $", on node {node}" : "")}";

    private static string Path(Party source, Party destination, IReadOnlyDictionary<string, string> config) => (source.Node, destination.Node) switch
    {
        ({ } a, { } b) when a == b => "within one node",
        ({ }, { }) when config.GetValueOrDefault("routing-mode") == "native" => "native routing between the nodes",
        ({ }, { }) => "VXLAN between the nodes, with the source's identity in the tunnel",
        ({ }, null) => "out of the cluster; masqueraded with the node's address where that is on",
        (null, { }) => "into the cluster",
        _ => "outside of the cluster",
    };

    private static string Show(byte protocol, ushort port) => protocol switch
    {
        6 => $"TCP port {port}",
        17 => $"UDP port {port}",
        132 => $"SCTP port {port}",
        1 => $"ICMP type {port}",
        _ => $"ICMPv6 type {port}",
    };

    /// <summary>Takes <c>NAME[:PORT[/PROTOCOL]]</c> apart; protocol 0 stands for an echo request.</summary>
    private static (string Name, byte Protocol, ushort Port) Target(string text)
    {
        if (text.EndsWith("]", StringComparison.Ordinal) && text.StartsWith('['))
        {
            return (text[1..^1], 0, 0);
        }

        int colon = text.LastIndexOf(':');
        if (colon < 0 || IPAddress.TryParse(text, out IPAddress? _) && !text.StartsWith('[') && text.Count(c => c == ':') > 1)
        {
            return (text, 0, 0);
        }

        string[] port = text[(colon + 1)..].Split('/');
        byte? protocol = port is [_] ? (byte)6 : port is [_, { } name] ? name.ToLowerInvariant() switch { "tcp" => 6, "udp" => 17, "sctp" => 132, _ => null } : null;
        if (protocol is not { } known || !ushort.TryParse(port[0], NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) || number == 0)
        {
            throw CliException.Usage($"\"{text[(colon + 1)..]}\" is no port", "Write it as 80, 53/udp or 5000/sctp; an IPv6 address with a port stands in brackets.");
        }

        return (text[..colon].Trim('[', ']'), known, number);
    }
}
