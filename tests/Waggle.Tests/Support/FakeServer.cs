using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Waggle.Tests.Support;

/// <summary>A small HTTP server with fixed answers, on a unix socket or on loopback; it remembers what was asked.</summary>
internal sealed class FakeServer : IDisposable
{
    private readonly Socket _listener;
    private readonly Func<string, string, string, (int Status, string Body)?> _answer;
    private readonly string? _path;
    private readonly CancellationTokenSource _stop = new();

    private FakeServer(Socket listener, EndPoint endpoint, Func<string, string, string, (int Status, string Body)?> answer, string? path)
    {
        _listener = listener;
        _answer = answer;
        _path = path;
        _listener.Bind(endpoint);
        _listener.Listen();
        _ = AcceptAsync();
    }

    /// <summary>Method, path with query, and body of each request.</summary>
    public List<(string Method, string Path, string Body)> Requests { get; } = [];

    /// <summary>Completes with the first request.</summary>
    public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <param name="answer">From method, path and body; null answers 404.</param>
    public static FakeServer OnLoopback(Func<string, string, string, (int Status, string Body)?> answer) =>
        new(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp), new IPEndPoint(IPAddress.Loopback, 0), answer, null);

    /// <summary>Answers GETs by path.</summary>
    public static FakeServer OnSocket(string path, IReadOnlyDictionary<string, string> answers) =>
        new(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified), new UnixDomainSocketEndPoint(path), (_, asked, _) => answers.TryGetValue(asked, out var body) ? (200, body) : null, path);

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        _stop.Dispose();
        if (_path is not null)
        {
            File.Delete(_path);
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_stop.Token);
                _ = ServeAsync(client);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException or SocketException)
        {
        }
    }

    private async Task ServeAsync(Socket client)
    {
        try
        {
            await using var stream = new NetworkStream(client, ownsSocket: true);
            using var reader = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
            while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 } first)
            {
                var length = 0;
                while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 } header)
                {
                    length = header.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase) ? int.Parse(header[15..]) : length;
                }

                // The bodies of these tests are ASCII: characters are bytes.
                var body = new char[length];
                if (length > 0)
                {
                    // Asked for nothing it would wait for something.
                    await reader.ReadBlockAsync(body, _stop.Token);
                }

                var words = first.Split(' ');
                (int Status, string Body)? answer;
                lock (Requests)
                {
                    Requests.Add((words[0], words[1], new string(body)));
                    Asked.TrySetResult();
                    answer = _answer(words[0], words[1], new string(body));
                }

                var (status, text) = answer ?? (404, """{"kind":"Status","status":"Failure","reason":"NotFound","message":"not found","code":404}""");
                var bytes = Encoding.UTF8.GetBytes(text);
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {bytes.Length}\r\n\r\n"), _stop.Token);
                await stream.WriteAsync(bytes, _stop.Token);
            }
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or ObjectDisposedException)
        {
        }
    }
}
