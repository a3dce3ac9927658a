using System.Diagnostics;

namespace Waggle.Bench.Network;

/// <summary>A <c>waggle-load</c> that is asked line by line and ends when its standard input closes.</summary>
internal sealed class LoadProcess : IDisposable
{
    private readonly Process _process;

    internal LoadProcess(Process process) => _process = process;

    /// <summary>Sends a line and returns the answer.</summary>
    internal async Task<string> AskAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line).ConfigureAwait(false);
        await _process.StandardInput.FlushAsync().ConfigureAwait(false);
        return await ReadAsync().ConfigureAwait(false);
    }

    /// <summary>The next line it prints.</summary>
    internal async Task<string> ReadAsync() => await _process.StandardOutput.ReadLineAsync().ConfigureAwait(false)
        ?? throw new InvalidOperationException($"waggle-load ended: {await _process.StandardError.ReadToEndAsync().ConfigureAwait(false)}");

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
