using System.Text.Json.Nodes;
using Waggle.Agent.Tests.Cluster;

namespace Waggle.Agent.Tests.Hubble;

/// <summary><c>/v1/monitor</c> of a node, as <c>cilium monitor</c> reads it; counts events, and those of which it was told that they are missing.</summary>
internal sealed class MonitorFollower : IAsyncDisposable
{
    private readonly HttpClient _client;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _reading;
    private readonly StreamReader _lines;
    private TaskCompletionSource? _paused;
    private long _events;
    private long _lost;

    private MonitorFollower(HttpClient client, Stream stream)
    {
        (_client, _lines) = (client, new StreamReader(stream));
        _reading = ReadAsync();
    }

    public static async Task<MonitorFollower> StartAsync(TestNode node)
    {
        HttpClient client = node.OpenApi();
        HttpResponseMessage response = await client.GetAsync(new Uri("/v1/monitor", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        return new MonitorFollower(client, await response.EnsureSuccessStatusCode().Content.ReadAsStreamAsync());
    }

    /// <summary>Lines that tell of an event.</summary>
    public long Events => Interlocked.Read(ref _events);

    /// <summary>Events of which it was told that they are missing.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    /// <summary>Reads nothing more until <see cref="Resume"/>.</summary>
    public void Pause() => Volatile.Write(ref _paused, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public void Resume() => Interlocked.Exchange(ref _paused, null)?.SetResult();

    public async ValueTask DisposeAsync()
    {
        Resume();
        await _stop.CancelAsync();
        await _reading;
        _lines.Dispose();
        _client.Dispose();
        _stop.Dispose();
    }

    private async Task ReadAsync()
    {
        try
        {
            while (await _lines.ReadLineAsync(_stop.Token) is { } line)
            {
                if (Volatile.Read(ref _paused) is { } paused)
                {
                    await paused.Task;
                }

                if (line.Length == 0)
                {
                    continue; // the server looks whether anybody is there
                }

                JsonNode told = JsonNode.Parse(line)!;
                if ((string?)told["type"] == "lost")
                {
                    Interlocked.Add(ref _lost, (long)told["count"]!);
                }
                else
                {
                    Interlocked.Increment(ref _events);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
        }
    }
}
