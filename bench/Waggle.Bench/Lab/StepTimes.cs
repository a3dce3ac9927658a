using Waggle.Lab.Cluster;

namespace Waggle.Bench.Lab;

/// <summary>Takes down how long each step of a lab's start took.</summary>
internal sealed class StepTimes : ILabProgress
{
    private readonly List<(string Step, TimeSpan Duration)> _steps = [];
    private string _current = "";

    internal IReadOnlyList<(string Step, TimeSpan Duration)> Steps => _steps;

    public void Begin(string step) => _current = step;

    public void Note(string text)
    {
    }

    public void End(TimeSpan duration, string? failure) => _steps.Add((_current, duration));
}
