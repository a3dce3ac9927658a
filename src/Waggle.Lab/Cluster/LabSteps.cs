using System.Diagnostics;

namespace Waggle.Lab.Cluster;

/// <summary>Turns "now it does this" into steps that begin and end, with their durations.</summary>
internal sealed class LabSteps(ILabProgress progress) : IDisposable
{
    private readonly Stopwatch _clock = new();
    private string? _current;

    /// <summary>Begins a step and ends the one before; naming the current step again changes nothing.</summary>
    public void Begin(string step)
    {
        if (step == _current)
        {
            return;
        }

        End(null);
        _current = step;
        _clock.Restart();
        progress.Begin(step);
    }

    public void Note(string text) => progress.Note(text);

    public void End(string? failure)
    {
        if (_current is not null)
        {
            progress.End(_clock.Elapsed, failure);
            _current = null;
        }
    }

    public void Dispose() => End("interrupted");
}
