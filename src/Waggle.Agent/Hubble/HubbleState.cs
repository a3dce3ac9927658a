using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Hubble.Observing;

namespace Waggle.Agent.Hubble;

/// <summary>How Hubble stands on this node, for status.</summary>
internal sealed class HubbleState(FlowObserver? observer)
{
    private readonly ConcurrentDictionary<string, string> _doors = new(StringComparer.Ordinal);

    /// <summary>Off.</summary>
    public static HubbleState Disabled { get; } = new((FlowObserver?)null);

    public void Listening(string where) => _doors[where] = "";

    public void Failed(string where, string problem) => _doors[where] = problem;

    /// <summary>One line, as in <c>Ok, Current/Max Flows: 4095/4095 (100.00%), Flows/s: 11.20</c>.</summary>
    public string Text()
    {
        if (observer is null)
        {
            return "disabled";
        }

        var status = observer.Status();
        string problem = string.Join("; ", _doors.Where(d => d.Value.Length > 0).Select(d => $"{d.Key}: {d.Value}"));
        return (problem.Length > 0 ? $"Degraded ({problem})" : "Ok")
            + string.Create(CultureInfo.InvariantCulture, $", Current/Max Flows: {status.NumFlows}/{status.MaxFlows} ({100.0 * status.NumFlows / status.MaxFlows:F2}%), Flows/s: {status.FlowsRate:F2}");
    }

    /// <summary>The same as an object.</summary>
    public JsonObject Json() => new() { ["enabled"] = observer is not null, ["text"] = Text(), ["streams"] = observer?.Streams ?? 0, ["missed"] = observer?.Missed ?? 0 };
}
