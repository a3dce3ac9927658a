using System.Diagnostics;
using System.Threading.Channels;

namespace Waggle.Agent.Tests.Cluster;

/// <summary>A process in a pod that joined a group.</summary>
internal sealed class Listener : IDisposable
{
    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    public Listener(TestPod pod, string group, string address = "UDP4-RECV:7777,reuseaddr,ip-add-membership={0}:0.0.0.0")
        : this(pod.Start("socat", "-u", string.Format(System.Globalization.CultureInfo.InvariantCulture, address, group), "-"))
    {
    }

    private Listener(Process process)
    {
        _process = process;
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { } text)
            {
                _lines.Writer.TryWrite(text);
            }
        };
        _process.BeginOutputReadLine();
    }

    /// <summary>A process that joined a group for one source only, which socat cannot.</summary>
    public static Listener OfSource(TestPod pod, string group, string source) => new(pod.Start("python3", "-u", "-c", $"""
        import socket
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(("", 7777))
        s.setsockopt(socket.IPPROTO_IP, 39, b"".join(map(socket.inet_aton, ("{group}", "0.0.0.0", "{source}")))) # IP_ADD_SOURCE_MEMBERSHIP
        while True:
            print(s.recv(2048).decode(), end="")
        """));

    /// <summary>Waits for this many messages and then looks for a while whether there are more.</summary>
    public async Task<string[]> TakeAsync(int count)
    {
        var got = new List<string>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
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
