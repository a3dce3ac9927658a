using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Cli.Output;
using Waggle.Policy.Compile;
using Waggle.Policy.Explain;
using Waggle.Policy.Rules;

namespace Waggle.Commands.Policy;

/// <content>The explanation, for people and as JSON.</content>
internal static partial class WhyCommand
{
    private static string Verdict(Answer answer)
    {
        bool trials = answer.Allowed != answer.Explanation.IsAllowedWithTrials && !answer.Own;
        return $"{(answer.Allowed ? "ALLOWED" : "DENIED")}{(trials ? $"; with the policies on trial it would be {(answer.Explanation.IsAllowedWithTrials ? "allowed" : "denied")}" : "")}";
    }

    private static void PrintService(TextWriter output, ServiceTarget service)
    {
        string at = service.Address is { } address ? $" at {address}" : ", headless";
        output.Write($"service      {service.Name}{at}, {Show(service.Protocol, service.Port)}: {service.Backends.Count} backends\n");
        if (service.Address is not null)
        {
            output.Write("             Waggle does not translate addresses of Services yet: unless somebody else does (kube-proxy), packets to that address\n             reach none of the backends. Policy is about the backends:\n");
        }

        output.Write("\n");
    }

    private static void Print(TextWriter output, ClusterPolicies cluster, Party source, Answer answer)
    {
        output.Write($"source       {Show(source)}\ndestination  {Show(answer.Destination)}\ntraffic      {Show(answer.Protocol, answer.Port)}\npath         {answer.Path}\n");
        foreach (Direction direction in new[] { Direction.Egress, Direction.Ingress })
        {
            output.Write($"\n{direction.ToString().ToLowerInvariant()} of {(direction == Direction.Egress ? source : answer.Destination).Name}\n");
            foreach (ExplanationStep step in answer.Explanation.Steps.Where(s => s.Direction == direction))
            {
                output.Write($"  {(step.Decides ? "▶" : " ")} {step.Text}\n");
                if (step.Decides && step.Place is { } place && Excerpt(cluster, place) is { } excerpt)
                {
                    output.Write(excerpt);
                }
            }
        }

        if (answer.Own)
        {
            output.Write("\nthe source is the destination's own node: always let through (allow-localhost)\n");
        }
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

    private static JsonObject Json(Party source, ServiceTarget service, List<Answer> answers, bool allowed) => new()
    {
        ["source"] = Json(source),
        ["service"] = new JsonObject { ["name"] = service.Name, ["address"] = service.Address?.ToString(), ["protocol"] = service.Protocol, ["port"] = service.Port, ["translated"] = service.Address is null ? null : false },
        ["backends"] = new JsonArray([.. answers.Select(a => (JsonNode)Json(source, a))]),
        ["allowed"] = allowed,
    };

    private static JsonObject Json(Party source, Answer answer) => new()
    {
        ["source"] = Json(source),
        ["destination"] = Json(answer.Destination),
        ["protocol"] = answer.Protocol,
        ["port"] = answer.Port,
        ["path"] = answer.Path,
        ["allowed"] = answer.Allowed,
        ["allowedWithTrials"] = answer.Explanation.IsAllowedWithTrials,
        ["steps"] = new JsonArray([.. answer.Explanation.Steps.Select(s => (JsonNode)new JsonObject
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

    private static string Show(byte protocol, ushort port) => protocol switch
    {
        6 => $"TCP port {port}",
        17 => $"UDP port {port}",
        132 => $"SCTP port {port}",
        1 => $"ICMP type {port}",
        _ => $"ICMPv6 type {port}",
    };
}
