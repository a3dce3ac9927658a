using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Lab.Cluster;

namespace Waggle.Commands.Lab;

/// <summary>Shows the steps of starting or ending a lab.</summary>
internal sealed class LabProgressView(Terminal terminal) : ILabProgress, IDisposable
{
    private readonly Progress _progress = new(terminal);

    public void Begin(string step) => _progress.Step(step);

    public void Note(string text) => _progress.Detail(text);

    public void End(TimeSpan duration, string? failure)
    {
        if (failure is null)
        {
            _progress.Done();
        }
        else
        {
            _progress.Failed();
        }
    }

    public void Dispose() => _progress.Dispose();
}
