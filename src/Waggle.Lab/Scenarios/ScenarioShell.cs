using System.Diagnostics;
using System.Text;

namespace Waggle.Lab.Scenarios;

/// <param name="ExitCode">The status of the last command.</param>
/// <param name="Output">What the commands wrote to standard output.</param>
/// <param name="Error">What they wrote to standard error.</param>
public sealed record CommandResult(int ExitCode, string Output, string Error)
{
    public bool Ok => ExitCode == 0;

    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Both streams, for a failed check's detail.</summary>
    public override string ToString() => $"exit {ExitCode}\n{Output}{Error}";
}

/// <summary>
/// One bash that lives as long as the scenario, so that variables set by one command are there for the next, exactly as in the
/// terminal of a reader who types the transcript.
/// </summary>
public sealed class ScenarioShell : IAsyncDisposable
{
    private readonly Process _bash;
    private readonly TextWriter _echo;
    private readonly string _mark = $"--done-{Guid.NewGuid():N}--";

    public ScenarioShell(ScenarioContext context)
    {
        _echo = context.Output;
        var start = new ProcessStartInfo("bash", ["--noprofile", "--norc"])
        {
            WorkingDirectory = context.Directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            StandardInputEncoding = new UTF8Encoding(false),
        };
        foreach (var (key, value) in context.Environment)
        {
            start.Environment[key] = value;
        }

        _bash = Process.Start(start) ?? throw new InvalidOperationException("bash did not start");
    }

    /// <summary>Shows the command behind a prompt, runs it, shows what it printed.</summary>
    public async Task<CommandResult> TypeAsync(string command, CancellationToken cancellation)
    {
        _echo.WriteLine();
        _echo.WriteLine("root@server:~# " + command);
        var result = await RunAsync(command, cancellation).ConfigureAwait(false);
        _echo.Write(result.Output);
        _echo.Write(result.Error);
        return result;
    }

    /// <summary>Runs a command without showing it: for the checks beside the play.</summary>
    public async Task<CommandResult> RunAsync(string command, CancellationToken cancellation)
    {
        // The command must not read what the shell reads; the mark bears the status and ends both streams.
        await _bash.StandardInput.WriteAsync($"{{\n{command}\n}} </dev/null\nprintf '\\n%s%s\\n' {_mark} $?; printf '\\n%s\\n' {_mark} >&2\n").ConfigureAwait(false);
        await _bash.StandardInput.FlushAsync(cancellation).ConfigureAwait(false);
        var error = ReadToMarkAsync(_bash.StandardError, cancellation);
        var (output, status) = await ReadToMarkAsync(_bash.StandardOutput, cancellation).ConfigureAwait(false);
        return new CommandResult(int.Parse(status, System.Globalization.CultureInfo.InvariantCulture), output, (await error.ConfigureAwait(false)).Text);
    }

    /// <summary>Repeats a command until it satisfies <paramref name="wanted"/> or the time is up; returns the last result.</summary>
    public async Task<CommandResult> WaitForAsync(string command, Func<CommandResult, bool> wanted, TimeSpan timeout, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var result = await RunAsync(command, cancellation).ConfigureAwait(false);
            if (wanted(result) || watch.Elapsed > timeout)
            {
                return result;
            }

            await Task.Delay(250, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<(string Text, string Status)> ReadToMarkAsync(StreamReader reader, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        while (await reader.ReadLineAsync(cancellation).ConfigureAwait(false) is { } line)
        {
            if (line.StartsWith(_mark, StringComparison.Ordinal))
            {
                // The mark's own line break is not the command's.
                text.Length = Math.Max(0, text.Length - 1);
                return (text.ToString(), line[_mark.Length..]);
            }

            text.Append(line).Append('\n');
        }

        throw new InvalidOperationException("the scenario's shell ended in mid-command: " + text);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_bash.HasExited)
        {
            _bash.StandardInput.Close();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            try
            {
                await _bash.WaitForExitAsync(patience.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                _bash.Kill(entireProcessTree: true);
            }
        }

        _bash.Dispose();
    }
}
