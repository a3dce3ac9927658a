using System.Diagnostics;
using System.Threading.Channels;

namespace Waggle.Agent.Tests.Policy;

/// <summary>One TCP connection to a prober's echo.</summary>
internal sealed class EchoStream : IDisposable
{
    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private int _sent;

    public EchoStream(Peer from, Peer to)
    {
        _process = from.Pod!.Start("socat", "-", $"TCP4:{to.Ip}:80");
        _ = ReadAsync();
    }

    /// <summary>Sends a line and waits for its echo.</summary>
    public async Task<bool> EchoAsync(int seconds)
    {
        await _process.StandardInput.WriteLineAsync($"line {++_sent}");
        await _process.StandardInput.FlushAsync();
        return await WaitEchoAsync(seconds);
    }

    /// <summary>Waits for the echo of the line that was sent last.</summary>
    public async Task<bool> WaitEchoAsync(int seconds = 60)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        try
        {
            while (await _lines.Reader.ReadAsync(patience.Token) != $"line {_sent}")
            {
            }

            return true;
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            _lines.Writer.TryWrite(line);
        }

        _lines.Writer.Complete();
    }
}
