using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Json;

namespace Waggle.Kube.Exec;

/// <summary>A running command in a pod over the <c>v5.channel.k8s.io</c> (or v4) WebSocket protocol.</summary>
/// <remarks>Read <see cref="Stdout"/> and <see cref="Stderr"/> both, at the same time: one that is not read stops the other.</remarks>
public sealed class PodExecSession : IAsyncDisposable
{
    private const byte StdinChannel = 0;
    private const byte StdoutChannel = 1;
    private const byte StderrChannel = 2;
    private const byte ErrorChannel = 3;
    private const byte ResizeChannel = 4;
    private const byte CloseChannel = 255;

    private readonly WebSocket _socket;
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Pipe? _stdout;
    private readonly Pipe? _stderr;
    private readonly Task _receiving;
    private readonly TaskCompletionSource<int> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal PodExecSession(WebSocket socket, PodExecOptions options, string request)
    {
        _socket = socket;
        _stdout = options.Stdout ? new() : null;
        _stderr = options.Stderr && !options.Tty ? new() : null;
        Stdin = options.Stdin ? new ExecStdin(this) : null;
        Stdout = _stdout?.Reader.AsStream();
        Stderr = _stderr?.Reader.AsStream();
        _receiving = ReceiveAsync(request);
    }

    /// <summary>The command's input; disposing it is end-of-file (with v5; v4 servers cannot be told).</summary>
    public Stream? Stdin { get; }

    public Stream? Stdout { get; }

    public Stream? Stderr { get; }

    /// <summary>The exit code; fails with <see cref="KubeApiException"/> when the command could not be run or the connection broke.</summary>
    public Task<int> ExitCode => _exit.Task;

    /// <summary>Tells the size of the terminal.</summary>
    public Task ResizeAsync(int columns, int rows, CancellationToken cancellation = default)
    {
        var size = new JsonObject { ["Width"] = columns, ["Height"] = rows };
        return SendAsync(ResizeChannel, Encoding.UTF8.GetBytes(size.ToJsonString()), cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _socket.Abort();
        await _receiving.ConfigureAwait(false);
        _socket.Dispose();
        _stop.Dispose();
        _sending.Dispose();
    }

    internal Task SendStdinAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation) => SendAsync(StdinChannel, data, cancellation);

    internal Task CloseStdinAsync(CancellationToken cancellation) =>
        _socket.SubProtocol == PodExec.V5 && _socket.State == WebSocketState.Open
            ? SendAsync(CloseChannel, new byte[] { StdinChannel }, cancellation)
            : Task.CompletedTask;

    /// <summary>The exit code that a Status object on the error channel means.</summary>
    /// <exception cref="KubeApiException">The command was not run.</exception>
    internal static int ExitCodeOf(ReadOnlySpan<byte> body, string request)
    {
        var status = JsonSerializer.Deserialize(body, KubeJson.TypeInfo<KubeStatus>());
        if (status?.Status == "Success")
        {
            return 0;
        }

        if (status?.Reason == "NonZeroExitCode")
        {
            foreach (var cause in status.Details?.Causes ?? [])
            {
                if (cause.Reason == "ExitCode" && int.TryParse(cause.Message, NumberStyles.Integer, CultureInfo.InvariantCulture, out var code))
                {
                    return code;
                }
            }
        }

        throw new KubeApiException((System.Net.HttpStatusCode)(status?.Code ?? 500), status, request);
    }

    private async Task SendAsync(byte channel, ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        var frame = ArrayPool<byte>.Shared.Rent(data.Length + 1);
        frame[0] = channel;
        data.CopyTo(frame.AsMemory(1));
        await _sending.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await _socket.SendAsync(frame.AsMemory(0, data.Length + 1), WebSocketMessageType.Binary, endOfMessage: true, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or ObjectDisposedException)
        {
            throw new IOException("The command's connection is closed.", e);
        }
        finally
        {
            _sending.Release();
            ArrayPool<byte>.Shared.Return(frame);
        }
    }

    private async Task ReceiveAsync(string request)
    {
        var error = new ArrayBufferWriter<byte>();
        try
        {
            await ReceiveMessagesAsync(error).ConfigureAwait(false);
            _exit.TrySetResult(error.WrittenCount > 0
                ? ExitCodeOf(error.WrittenSpan, request)
                : throw new IOException("the connection closed before the command's exit code arrived"));
        }
        catch (Exception e)
        {
            _exit.TrySetException(e as KubeApiException ?? new KubeApiException(0, null, request, e));
            // Nobody needs to await the exit code of a session that was disposed.
            _ = _exit.Task.Exception;
        }
        finally
        {
            await CompleteAsync(_stdout).ConfigureAwait(false);
            await CompleteAsync(_stderr).ConfigureAwait(false);
        }
    }

    private static ValueTask CompleteAsync(Pipe? pipe) => pipe?.Writer.CompleteAsync() ?? ValueTask.CompletedTask;

    private async Task ReceiveMessagesAsync(ArrayBufferWriter<byte> error)
    {
        var buffer = new byte[32 * 1024];
        var channel = -1;
        while (true)
        {
            var part = await _socket.ReceiveAsync(buffer.AsMemory(), _stop.Token).ConfigureAwait(false);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, _stop.Token).ConfigureAwait(false);
                return;
            }

            var data = buffer.AsMemory(0, part.Count);
            if (channel < 0 && data.Length > 0)
            {
                channel = data.Span[0];
                data = data[1..];
            }

            switch (channel)
            {
                case StdoutChannel when _stdout is not null && data.Length > 0:
                    await _stdout.Writer.WriteAsync(data, _stop.Token).ConfigureAwait(false);
                    break;
                case StderrChannel when _stderr is not null && data.Length > 0:
                    await _stderr.Writer.WriteAsync(data, _stop.Token).ConfigureAwait(false);
                    break;
                case ErrorChannel when error.WrittenCount + data.Length <= 64 * 1024:
                    error.Write(data.Span);
                    break;
            }

            if (part.EndOfMessage)
            {
                channel = -1;
            }
        }
    }
}
