using System.Text.Json.Nodes;
using Waggle.Kube.Json;
using Waggle.Policy.Rules;

namespace Waggle.Agent.Policy.Files;

/// <summary>Reads policies out of a file of <c>static-cnp-path</c>: all of it is good, or none of it is used.</summary>
internal static class PolicyFile
{
    /// <summary>The table's word for where such policies come from.</summary>
    public const string Source = "directory";

    /// <summary>Bytes of a file at most, as for an object of the API.</summary>
    public const int MaxBytes = 1536 * 1024;

    /// <param name="name">The file's name without its folder; it becomes a part of the policies' names, so that they are nobody else's.</param>
    /// <param name="text">YAML or JSON, any number of documents.</param>
    /// <param name="tellsNodesApart">The configuration has <c>enable-node-selector-labels</c>.</param>
    /// <exception cref="FormatException">Something cannot be used; the message says what and where.</exception>
    public static IReadOnlyList<PolicyRow> Read(string name, string text, bool tellsNodesApart)
    {
        var rows = new List<PolicyRow>();
        foreach ((int i, JsonObject document) in KubeYaml.ReadAll(text).Index())
        {
            string where = $"document {i + 1}";
            if (Text(document["kind"]) is not { } kind || PolicyParser.KindOf(Text(document["apiVersion"]), kind) is not { } known)
            {
                throw new FormatException($"{where}: {Text(document["apiVersion"])} {Text(document["kind"])} is no kind of policy (NetworkPolicy, CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy)");
            }

            PolicyRow row = PolicySource.Read(known, document, Source, tellsNodesApart);
            if (!row.Parsed.IsValid)
            {
                throw new FormatException($"{where}, {row.Key}: {string.Join("; ", row.Parsed.Errors.Take(5))}");
            }

            // '@' is in no name of the API. What only the API's objects have does not count.
            ParsedPolicy own = row.Parsed with { Key = row.Parsed.Key with { Name = $"{row.Parsed.Key.Name}@{name}" }, Uid = "", Generation = 0 };
            if (rows.Exists(r => r.Parsed.Key == own.Key))
            {
                throw new FormatException($"{where}: {row.Key} stands twice");
            }

            rows.Add(row with { Parsed = own, ConfirmUntil = null });
        }

        return rows;
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
