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

namespace Waggle.Commands.Policy;

/// <summary><c>why SRC DST[:PORT[/PROTOCOL]]</c>: whether a new connection is let through, step by step, and which lines decide.</summary>
internal static partial class WhyCommand
{
    public static Verb Create(string tool, string name)
    {
        var cluster = new ClusterFlags();
        var output = new OutputFlags();
        var source = Operand.Required("source", "who connects: namespace/pod, a node, an IP address, world, host or remote-node");
        var destination = Operand.Required("destination", "whom to, with the port: default/web:80, 10.0.1.7:53/udp, [fd00::7]:443, web.default.svc:80, svc/default/web:80, world; without a port: ICMP echo");
        var last = new Flag<string>("--last", "drops seen between them in this time, from the observers of their nodes; 0: do not ask") { HelpName = "TIME", Default = "5m" };
        return new Verb(name, "Explain whether a connection is let through, and which rule decides")
        {
            Details = "A Service (its name, DNS name or address) is taken apart into its backends. Exit code 0: let through, by every backend of a Service; 1: denied.",
            Operands = [source, destination],
            Flags = [last, .. output.All, .. cluster.All],
            Examples =
            [
                new($"{tool} {name} default/client default/web:80", "pod to pod"),
                new($"{tool} {name} default/client web.default.svc:80 --last 1h", "pod to Service, with the drops of the last hour"),
                new($"{tool} {name} default/client 192.0.2.7:53/udp", "pod to an address outside"),
                new($"{tool} {name} world default/web:443", "from outside"),
            ],
            Run = (call, cancellation) => RunAsync(call, cluster, output.Read(call), call.Get(source)!, call.Get(destination)!, Durations.Parse(call.Get(last)!, "--last"), cancellation),
        };
    }

    private static async Task<ExitCode> RunAsync(Call call, ClusterFlags flags, OutputRequest request, string from, string target, TimeSpan last, CancellationToken cancellation)
    {
        (string to, byte protocol, ushort port) = Target(target);
        using var client = flags.Open(call);
        IReadOnlyDictionary<string, string> config = await ConfigSource.ReadAsync(client, call.Get(flags.Namespace)!, cancellation).ConfigureAwait(false);
        ClusterPolicies cluster = await ClusterPolicies.ReadAsync(client, config, cancellation).ConfigureAwait(false);
        List<IpPrefix> cidrs = [.. cluster.Engine(cluster.Policies).RequiredCidrs.Order()];
        PolicyEngine engine = cluster.Engine(cluster.Policies, cidrs);
        Party source = cluster.Find(from, cidrs);
        ServiceTarget? service = cluster.FindService(to, protocol, port);
        List<Answer> answers = service is null
            ? [Ask(engine, source, cluster.Find(to, cidrs), protocol, port, config)]
            : [.. service.Backends.Select(b => Ask(engine, source, cluster.Find(b.Address.ToString(), cidrs), protocol, b.Port, config))];
        DropHistory? drops = last <= TimeSpan.Zero ? null
            : await DropHistory.ReadAsync(client, call.Get(flags.Namespace)!, cluster, source, [.. answers.Select(a => a.Destination)], last, cancellation).ConfigureAwait(false);
        bool allowed = answers.Count > 0 && answers.TrueForAll(a => a.Allowed);
        if (request.Structured)
        {
            JsonObject document = service is null ? Json(source, answers[0]) : Json(source, service, answers, allowed);
            document["lastDrops"] = drops?.Json();
            Documents.Write(call.Terminal.Out, request, document);
            return allowed ? ExitCode.Ok : ExitCode.Failed;
        }

        TextWriter text = call.Terminal.Out;
        if (service is not null)
        {
            PrintService(text, service);
        }

        foreach ((int i, Answer answer) in answers.Index())
        {
            text.Write(service is null ? "" : $"{(i > 0 ? "\n" : "")}backend {i + 1}\n");
            Print(text, cluster, source, answer);
            text.Write(service is null ? "" : $"\n{Verdict(answer)}\n");
        }

        drops?.Print(text, last);
        text.Write(service is null ? $"\n{Verdict(answers[0])}\n"
            : $"\n{(answers.Count == 0 ? "DENIED: the Service has no backend that is ready" : allowed ? "ALLOWED to every backend" : $"DENIED to {answers.Count(a => !a.Allowed)} of {answers.Count} backends")}\n");
        return allowed ? ExitCode.Ok : ExitCode.Failed;
    }

    /// <param name="Own">The source is the destination's own node, which policy does not stop.</param>
    private sealed record Answer(Party Destination, byte Protocol, ushort Port, Explanation Explanation, bool Own, string Path)
    {
        public bool Allowed => Own || Explanation.IsAllowed;
    }

    private static Answer Ask(PolicyEngine engine, Party source, Party destination, byte protocol, ushort port, IReadOnlyDictionary<string, string> config)
    {
        if (protocol == 0)
        {
            // Echo request: type 8 of ICMP (RFC 792), 128 of ICMPv6 (RFC 4443).
            (protocol, port) = (destination.Address ?? source.Address)?.AddressFamily == AddressFamily.InterNetworkV6 ? ((byte)58, (ushort)128) : ((byte)1, (ushort)8);
        }

        Explanation explanation = new PolicyExplainer(engine).Explain(source.IdentityFor(destination), source.Subject, destination.IdentityFor(source), destination.Subject, protocol, port);

        // A node reaches its own pods whatever the policy says (kubelet's probes), unless allow-localhost is "policy".
        bool own = source.IsNode && !destination.IsNode && source.Node is not null && source.Node == destination.Node && config.GetValueOrDefault("allow-localhost") != "policy";
        return new Answer(destination, protocol, port, explanation, own, Path(source, destination, config));
    }

    private static string Path(Party source, Party destination, IReadOnlyDictionary<string, string> config) => (source.Node, destination.Node) switch
    {
        ({ } a, { } b) when a == b => "within one node",
        ({ }, { }) when config.GetValueOrDefault("routing-mode") == "native" => "native routing between the nodes",
        ({ }, { }) => "VXLAN between the nodes, with the source's identity in the tunnel",
        ({ }, null) => "out of the cluster; masqueraded with the node's address where that is on",
        (null, { }) => "into the cluster",
        _ => "outside of the cluster",
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
