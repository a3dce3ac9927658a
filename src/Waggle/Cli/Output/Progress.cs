using System.Diagnostics;

namespace Waggle.Cli.Output;

/// <summary>Steps of a longer piece of work: one refreshed line on a terminal, plain lines elsewhere. Always on standard error.</summary>
public sealed class Progress(Terminal terminal) : IDisposable
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Lock _lock = new();
    private string? _current;
    private TimeSpan _since;

    /// <summary>Ends the current step, if any, and begins another.</summary>
    public void Step(string what)
    {
        lock (_lock)
        {
            if (_current == what)
            {
                return;
            }

            End("✓", terminal.ErrorStyle.Green);
            _current = what;
            _since = _clock.Elapsed;
            Write(terminal.ErrorIsTerminal ? $"  {what} …" : "");
        }
    }

    /// <summary>Details of the running step; only a terminal shows them.</summary>
    public void Detail(string text)
    {
        lock (_lock)
        {
            if (_current is not null && terminal.ErrorIsTerminal)
            {
                Write($"\r\e[2K  {_current} … {terminal.ErrorStyle.Dim(text)}");
            }
        }
    }

    public void Done()
    {
        lock (_lock)
        {
            End("✓", terminal.ErrorStyle.Green);
        }
    }

    public void Failed()
    {
        lock (_lock)
        {
            End("✗", terminal.ErrorStyle.Red);
        }
    }

    /// <summary>A step that nobody declared done or failed was interrupted.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            End("-", terminal.ErrorStyle.Yellow);
        }
    }

    private void End(string mark, Func<string, string> paint)
    {
        if (_current is null)
        {
            return;
        }

        var took = (_clock.Elapsed - _since).TotalSeconds;
        Write($"{(terminal.ErrorIsTerminal ? "\r\e[2K" : "")}{paint(mark)} {_current} ({took:0.0}s)\n");
        _current = null;
    }

    private void Write(string text)
    {
        if (!terminal.Quiet && text.Length > 0)
        {
            terminal.Error.Write(text);
            terminal.Error.Flush();
        }
    }
}
