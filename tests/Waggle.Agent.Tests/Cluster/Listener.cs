using System.Diagnostics;
using System.Threading.Channels;

namespace Waggle.Agent.Tests.Cluster;

/// <summary>A process in a pod that joined a group.</summary>
internal sealed class Listener : IDisposable
{
    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    public Listener(TestPod pod, string group, string address = "UDP4-RECV:7777,reuseaddr,ip-add-membership={0}:0.0.0.0")
    {
        _process = pod.Start("socat", "-u", string.Format(System.Globalization.CultureInfo.InvariantCulture, address, group), "-");
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { } text)
            {
                _lines.Writer.TryWrite(text);
            }
        };
        _process.BeginOutputReadLine();
    }

    /// <summary>Waits for this many messages and then looks for a while whether there are more.</summary>
    public async Task<string[]> TakeAsync(int count)
    {
        var got = new List<string>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            while (got.Count < count)
            {
                got.Add(await _lines.Reader.ReadAsync(patience.Token));
            }

            patience.CancelAfter(TimeSpan.FromMilliseconds(300));
            while (true)
            {
                got.Add(await _lines.Reader.ReadAsync(patience.Token));
            }
        }
        catch (OperationCanceledException)
        {
        }

        return [.. got];
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }
}
