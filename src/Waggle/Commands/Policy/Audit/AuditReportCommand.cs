using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Agents;
using Waggle.Commands.Cluster;
using Waggle.Commands.Nodes;
using Waggle.Kube.Exec;
using Waggle.Kube.Resources;

namespace Waggle.Commands.Policy.Audit;

/// <summary><c>policy audit-report [NAME]</c>: what enforcing policies on trial, and endpoints in audit mode, would have dropped.</summary>
internal static class AuditReportCommand
{
    private static readonly string[] s_kinds = ["NetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"];

    private static readonly Listing<JsonObject> s_listing = new()
    {
        Columns =
        [
            new("SOURCE", e => e.Text("source") ?? ""), new("DESTINATION", e => e.Text("destination") ?? ""), new("PORT", Port), new("WOULD", e => e.Text("would") ?? ""), new("AT", e => e.Text("direction") ?? ""),
            new("COUNT", e => $"{e.Number("count")}"), new("FIRST SEEN", e => Time(e.Text("firstSeen"))), new("LAST SEEN", e => Time(e.Text("lastSeen"))), new("BY", By),
            new("LAST ADDRESSES", e => e.Text("example") ?? "", Wide: true),
        ],
        Json = e => e.DeepClone(),
        WhenEmpty = "nothing was seen that enforcing would drop",
    };

    public static Verb Create(string tool)
    {
        var cluster = new ClusterFlags();
        var output = new OutputFlags();
        var name = Operand.Optional("name", "a policy: NAMESPACE/NAME or NAME; without it, all policies on trial and all endpoints in audit mode");
        var kind = new Flag<string?>("--kind", "kind of the policy, where two have the same name") { HelpName = "KIND", Values = _ => s_kinds.Select(k => new Candidate(k)) };
        var pod = new Flag<string?>("--pod", "only what this pod sends or gets") { HelpName = "NAMESPACE/NAME" };
        return new Verb("audit-report", "List what enforcing a policy on trial would have dropped")
        {
            Details = "All agents are asked; on a node (and without a kubeconfig) only its own. A count is of connections: each is told when it is opened, and when it is decided on again. "
                + "Judged as if all policies on trial were in force. Agents remember since their start; they say how much they lost. Exit code 4: a node did not answer.",
            Operands = [name],
            Flags = [kind, pod, .. output.All, .. cluster.All],
            Examples =
            [
                new($"{tool} policy audit-report default/web", "before taking the annotation policy.waggle.io/mode: audit off"),
                new($"{tool} policy audit-report --pod default/client", "what a pod would lose"),
                new($"{tool} policy audit-report -o json", "for scripts"),
            ],
            Run = (call, cancellation) => RunAsync(call, cluster, output.Read(call), call.Get(name), KindOf(call.Get(kind)), call.Get(pod), cancellation),
        };
    }

    private static string? KindOf(string? text) => text is null ? null : s_kinds.FirstOrDefault(k => k.Equals(text, StringComparison.OrdinalIgnoreCase))
        ?? throw CliException.Usage($"\"{text}\" is no kind of policy", $"Kinds: {string.Join(", ", s_kinds)}.");

    private static async Task<ExitCode> RunAsync(Call call, ClusterFlags cluster, OutputRequest request, string? name, string? kind, string? pod, CancellationToken cancellation)
    {
        if (pod is not null && pod.Split('/') is not [{ Length: > 0 }, { Length: > 0 }])
        {
            throw CliException.Usage($"\"{pod}\" is no pod", "Write it as namespace/name.");
        }

        var report = new AuditReport();
        bool complete = cluster.PrefersNode(call)
            ? await OfNodeAsync(call, report, name, kind, cancellation).ConfigureAwait(false)
            : await OfClusterAsync(call, cluster, report, name, kind, cancellation).ConfigureAwait(false);
        if (name is not null && report.Policies.Count == 0 && complete)
        {
            throw new CliException($"no node has a policy \"{name}\"{(kind is null ? "" : $" of kind {kind}")}", "Name it as NAMESPACE/NAME; \"cilium policy get\" on a node shows all.");
        }

        if (pod is not null)
        {
            report.Keep(e => e.Text("source") == pod || e.Text("destination") == pod);
        }

        if (request.Structured)
        {
            Documents.Write(call.Terminal.Out, request, report.Json());
        }
        else
        {
            s_listing.Print(call.Terminal, request, report.Entries);
        }

        Tell(call.Terminal, report, name);
        return complete ? ExitCode.Ok : ExitCode.Partial;
    }

    private static void Tell(Terminal terminal, AuditReport report, string? name)
    {
        if (name is not null)
        {
            foreach (string policy in report.Policies.Where(p => p.Value != "audit").Select(p => p.Key))
            {
                terminal.Note($"{policy} is in force, not on trial (annotation policy.waggle.io/mode: audit)");
            }
        }
        else if (report.Policies.Count == 0 && report.Endpoints.Count == 0)
        {
            terminal.Note("no policy is on trial and no pod is in audit mode");
        }

        if (report.Lost > 0)
        {
            terminal.Note($"Warning: {report.Lost} events or pairs were lost, the list is not complete (-o json says where)");
        }

        if (report.Since is { } since)
        {
            terminal.Note($"every node that answered has counted since {Time(since)}");
        }
    }

    private static async Task<bool> OfNodeAsync(Call call, AuditReport report, string? name, string? kind, CancellationToken cancellation)
    {
        using var agent = new AgentClient(call.Environment);
        JsonNode? answer = await agent.GetAsync($"v1/policy/audit?policy={Uri.EscapeDataString(name ?? "")}&kind={kind}", cancellation).ConfigureAwait(false);
        report.Add(answer as JsonObject ?? throw new CliException("the agent keeps no audit", "Is it of another version? \"cilium version\" tells."));
        return true;
    }

    private static async Task<bool> OfClusterAsync(Call call, ClusterFlags cluster, AuditReport report, string? name, string? kind, CancellationToken cancellation)
    {
        using var client = cluster.Open(call);
        var agents = new AgentPods(client, call.Get(cluster.Namespace)!);
        string[] command = ["waggle", "policy", "audit-report", .. name is null ? Array.Empty<string>() : [name], .. kind is null ? Array.Empty<string>() : ["--kind", kind], "-o", "json"];
        bool complete = true;
        foreach ((Pod pod, ExecResult result) in await agents.RunAsync(await agents.ListAsync(cancellation).ConfigureAwait(false), _ => command, cancellation).ConfigureAwait(false))
        {
            // An agent that does not have the policy (yet) has nothing to say; that is no failure.
            if (result.ExitCode != 0 && result.Stderr.Contains("no node has a policy", StringComparison.Ordinal))
            {
                continue;
            }

            if (result.ExitCode != 0 || Parse(result.Stdout) is not { } answer)
            {
                complete = false;
                CliException failed = AgentPods.Failed(pod, result);
                report.AddSilent(pod.Spec.NodeName ?? "", failed.Message);
                call.Terminal.Note($"Warning: {failed.Message}");
                continue;
            }

            // Each answer is a report of one node.
            JsonObject node = (answer["nodes"] as JsonArray)?.OfType<JsonObject>().FirstOrDefault()?.DeepClone().AsObject() ?? [];
            foreach (string part in (string[])["policies", "endpoints", "entries"])
            {
                node[part] = answer[part]?.DeepClone();
            }

            report.Add(node);
        }

        return complete;
    }

    private static JsonObject? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Port(JsonObject e) => (e.Number("protocol"), e.Number("port")) switch
    {
        (1, var type) => $"ICMP {(type < 0 ? "others" : type)}",
        (58, var type) => $"ICMPv6 {(type < 0 ? "others" : type)}",
        (var protocol, var port) => $"{(port < 0 ? "others" : port)}/{protocol switch { 6 => "TCP", 17 => "UDP", 132 => "SCTP", _ => protocol }}",
    };

    private static string Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) : "-";

    private static string By(JsonObject e)
    {
        if (e["rule"] is not JsonObject rule)
        {
            return "the default";
        }

        string places = string.Join(", ", (rule["places"] as JsonArray ?? []).OfType<JsonObject>().Select(p => $"{p.Text("policy")} {p.Text("pointer")}"));
        return rule.Text("kind") == "DefaultDeny" ? $"default deny{(places.Length > 0 ? $" of {places}" : "")}" : places;
    }
}
