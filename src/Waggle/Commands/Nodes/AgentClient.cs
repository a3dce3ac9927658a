using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Waggle.Cli;

namespace Waggle.Commands.Nodes;

/// <summary>The local API of the agent on this node: HTTP over its unix socket.</summary>
internal sealed class AgentClient : IDisposable
{
    private const int LongestLine = 4 * 1024 * 1024;
    private readonly HttpClient _http;
    private readonly string _socket;

    public AgentClient(HostEnvironment environment)
    {
        _socket = environment.AgentSocket;
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socket), cancellation).ConfigureAwait(false);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        _http = new HttpClient(handler) { BaseAddress = new Uri("http://agent/"), Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Reads one document; null when the agent does not know the path.</summary>
    /// <exception cref="CliException">The agent does not answer or refuses.</exception>
    public async Task<JsonNode?> GetAsync(string path, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(15));
        try
        {
            using var answer = await _http.GetAsync(path, patience.Token).ConfigureAwait(false);
            if (answer.StatusCode == HttpStatusCode.NotFound)
            {
                return null;
            }

            var body = await answer.Content.ReadAsByteArrayAsync(patience.Token).ConfigureAwait(false);
            // A refusal may carry a document too: the status of an agent that is not healthy does.
            return answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.ServiceUnavailable && body.Length > 0
                ? JsonNode.Parse(body)
                : throw new CliException($"the agent refused {path}: {(int)answer.StatusCode} {System.Text.Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 300))).Trim()}");
        }
        catch (HttpRequestException silent)
        {
            throw Silent(silent);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw CliException.NotReachable($"the agent at {_socket} did not answer for 15 s", "Look at its log: kubectl -n kube-system logs ds/cilium");
        }
        catch (JsonException garbled)
        {
            throw new CliException($"the agent's answer to {path} is no JSON: {garbled.Message}");
        }
    }

    /// <summary>Changes something.</summary>
    /// <exception cref="CliException">The agent does not answer or refuses; its words are the message.</exception>
    public async Task PatchAsync(string path, JsonNode body, CancellationToken cancellation)
    {
        using var content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(body.ToJsonString()));
        try
        {
            using var answer = await _http.PatchAsync(path, content, cancellation).ConfigureAwait(false);
            if (!answer.IsSuccessStatusCode)
            {
                throw new CliException((await answer.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false)).Trim());
            }
        }
        catch (HttpRequestException silent)
        {
            throw Silent(silent);
        }
    }

    /// <summary>Reads a stream of JSON documents, one on each line, until it ends or the token is cancelled.</summary>
    public async IAsyncEnumerable<JsonNode> StreamAsync(string path, [EnumeratorCancellation] CancellationToken cancellation)
    {
        HttpResponseMessage answer;
        try
        {
            answer = await _http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        }
        catch (HttpRequestException silent)
        {
            throw Silent(silent);
        }

        using (answer)
        {
            if (!answer.IsSuccessStatusCode)
            {
                throw new CliException($"the agent refused {path}: {(int)answer.StatusCode}", answer.StatusCode == HttpStatusCode.NotFound ? "It may be of an older version: \"cilium version\" tells." : null);
            }

            using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false));
            while (await ReadLineAsync(lines, cancellation).ConfigureAwait(false) is { } line)
            {
                // Blank lines keep an idle connection open.
                if (line.Length is > 0 and <= LongestLine && JsonNode.Parse(line) is { } document)
                {
                    yield return document;
                }
            }
        }
    }

    public void Dispose() => _http.Dispose();

    private static async Task<string?> ReadLineAsync(StreamReader lines, CancellationToken cancellation)
    {
        try
        {
            return await lines.ReadLineAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception ended) when (ended is IOException or HttpRequestException)
        {
            return null;
        }
    }

    private CliException Silent(Exception inner) => CliException.NotReachable(
        $"the agent does not answer at {_socket}: {inner.GetBaseException().Message}",
        "This command needs the agent of a node. From outside: kubectl -n kube-system exec ds/cilium -- cilium …  (\"cilium bpf\" commands work without it).",
        inner);
}
