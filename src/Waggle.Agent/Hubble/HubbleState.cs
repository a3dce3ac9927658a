using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Waggle.Hubble.Consumers;
using Waggle.Hubble.Observing;

namespace Waggle.Agent.Hubble;

/// <summary>How Hubble stands on this node, for status.</summary>
internal sealed class HubbleState(FlowObserver? observer, FlowConsumers? consumers)
{
    private readonly ConcurrentDictionary<string, string> _doors = new(StringComparer.Ordinal);
    private volatile string? _metrics;

    /// <summary>Off.</summary>
    public static HubbleState Disabled { get; } = new(null, null);

    public void Listening(string where) => _doors[where] = "";

    public void Failed(string where, string problem) => _doors[where] = problem;

    /// <param name="problem">Why metrics of flows are not served; empty: they are.</param>
    public void Metrics(string problem) => _metrics = problem;

    /// <summary>State, figures and losses.</summary>
    public JsonObject Json()
    {
        if (observer is null)
        {
            return new JsonObject { ["enabled"] = false, ["state"] = "Disabled" };
        }

        var status = observer.Status();
        string problem = string.Join("; ", _doors.Where(d => d.Value.Length > 0).Select(d => $"{d.Key}: {d.Value}").Order(StringComparer.Ordinal));
        var behind = new JsonObject();
        foreach (var (name, subscription) in consumers?.Subscriptions ?? [])
        {
            behind[name] = subscription.Lost + ((ulong?)behind[name] ?? 0);
        }

        return new JsonObject
        {
            ["enabled"] = true,
            ["state"] = problem.Length > 0 ? "Degraded" : "Ok",
            ["message"] = problem,
            ["flows"] = status.NumFlows,
            ["maxFlows"] = status.MaxFlows,
            ["flowsPerSecond"] = Math.Round(status.FlowsRate, 2),
            ["metrics"] = _metrics switch { null => "Disabled", "" => "Ok", var wrong => $"Degraded ({wrong})" },
            ["streams"] = observer.Streams,
            ["lost"] = status.LostEvents,
            ["missed"] = observer.Missed,
            ["lostByConsumer"] = behind,
        };
    }
}
