using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Commands.Nodes;

namespace Waggle.Commands.Status;

/// <summary>The line about Hubble in the agent's status, in the form that people and scripts know; losses follow where there are any.</summary>
internal static class HubbleLine
{
    /// <summary>Its cells; null: the agent is of a version that says it otherwise.</summary>
    public static IReadOnlyList<string>? Cells(JsonObject hubble)
    {
        if (Rows.Text(hubble["state"]) is not { Length: > 0 } state)
        {
            return null;
        }

        var message = Rows.Text(hubble["message"]);
        var cells = new List<string> { message.Length > 0 ? $"{state} {message}" : state };
        var (flows, room) = (Number(hubble["flows"]), Number(hubble["maxFlows"]));
        if (room > 0)
        {
            cells.Add(string.Create(CultureInfo.InvariantCulture, $"Current/Max Flows: {flows}/{room} ({100 * flows / room:F2}%), Flows/s: {Number(hubble["flowsPerSecond"]):F2}"));
            cells.Add($"Metrics: {Rows.Text(hubble["metrics"])}");
        }

        var losses = new List<string>();
        Add(Number(hubble["lost"]), "in the kernel");
        Add(Number(hubble["missed"]), "by slow clients");
        foreach (var (name, count) in hubble["lostByConsumer"] as JsonObject ?? [])
        {
            Add(Number(count), $"by {name}");
        }

        if (losses.Count > 0)
        {
            cells.Add($"Lost: {string.Join(", ", losses)}");
        }

        return cells;

        void Add(decimal count, string where)
        {
            if (count > 0)
            {
                losses.Add(string.Create(CultureInfo.InvariantCulture, $"{count} {where}"));
            }
        }
    }

    private static decimal Number(JsonNode? node) => node is JsonValue value && decimal.TryParse(value.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
