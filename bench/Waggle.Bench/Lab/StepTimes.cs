using System.Diagnostics;
using Waggle.Lab.Cluster;

namespace Waggle.Bench.Lab;

/// <summary>Takes down how long each step of a lab's start took, and within the last one until when nodes, agents and operator were missing.</summary>
internal sealed class StepTimes : ILabProgress
{
    private static readonly (string What, Func<string, bool> IsMissing)[] Milestones =
    [
        ("the operator is Ready", missing => missing.Contains("cilium-operator", StringComparison.Ordinal)),
        ("all agents are Ready", missing => missing.Split(", ").Any(each => each.Contains("cilium", StringComparison.Ordinal) && !each.Contains("cilium-operator", StringComparison.Ordinal))),
        ("all nodes are Ready", missing => missing.Split(", ").Any(each => each.StartsWith("node ", StringComparison.Ordinal) || each.EndsWith(" nodes", StringComparison.Ordinal))),
    ];

    private readonly List<(string Step, TimeSpan Duration)> _steps = [];
    private readonly Dictionary<string, TimeSpan> _lastMissing = [];
    private readonly Stopwatch _clock = new();
    private string _current = "";

    /// <summary>In order, with the milestones of a step after it.</summary>
    internal IReadOnlyList<(string Step, TimeSpan Duration)> Steps => _steps;

    public void Begin(string step)
    {
        _current = step;
        _lastMissing.Clear();
        _clock.Restart();
    }

    public void Note(string text)
    {
        foreach (var (what, isMissing) in Milestones)
        {
            if (isMissing(text))
            {
                _lastMissing[what] = _clock.Elapsed;
            }
        }
    }

    public void End(TimeSpan duration, string? failure)
    {
        _steps.Add((_current, duration));
        foreach (var (what, _) in Milestones.Where(each => _lastMissing.ContainsKey(each.What)))
        {
            _steps.Add(($"{_current}: until {what}", _lastMissing[what]));
        }

        _lastMissing.Clear();
    }
}
