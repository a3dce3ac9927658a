using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Waggle.Lab.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Joins a running command with its client until one of them ends.</summary>
internal static class ExecBridge
{
    private const int BufferSize = 32 * 1024;
    private static readonly TimeSpan s_sizeWithin = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan s_goodbye = TimeSpan.FromSeconds(5);

    public static async Task RunAsync(IContainerSession session, IClientChannels client, bool tty, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var sized = new TaskCompletionSource();
        var input = InputAsync(session, client, sized, stop);
        var output = Task.WhenAll(OutputAsync(session.Stdout, Channel.Stdout, client, stop.Token), OutputAsync(session.Stderr, Channel.Stderr, client, stop.Token));
        try
        {
            var exit = await session.Exited.WaitAsync(stop.Token);
            await output.WaitAsync(stop.Token);
            if (tty)
            {
                // kubectl complains when the connection ends before it could send the size of its terminal.
                await Task.WhenAny(sized.Task, Task.Delay(s_sizeWithin, stop.Token));
            }
            await client.FinishAsync(StatusOf(exit), stop.Token);
            // The client answers the end with its own; cutting the connection before that could take the last bytes from it.
            await Task.WhenAny(input, Task.Delay(s_goodbye, stop.Token));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The client has gone: the command is ended by the disposal of its session.
        }
        finally
        {
            await stop.CancelAsync();
            await Quiet(input);
            await Quiet(output);
        }
    }

    private static JsonObject StatusOf(ContainerExit exit)
    {
        if (exit.ExitCode == 0)
        {
            return StatusObject.Success();
        }
        var code = exit.ExitCode.ToString(CultureInfo.InvariantCulture);
        var details = new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ExitCode", ["message"] = code }) };
        var status = StatusObject.Failure(0, "NonZeroExitCode", $"command terminated with non-zero exit code: exit status {code}", details);
        status.Remove("code");
        return status;
    }

    private static async Task OutputAsync(Stream? source, Channel channel, IClientChannels client, CancellationToken cancellation)
    {
        if (source is null)
        {
            return;
        }
        var buffer = new byte[BufferSize];
        while (true)
        {
            int read;
            try
            {
                read = await source.ReadAsync(buffer, cancellation);
            }
            catch (IOException)
            {
                // A terminal whose last process has gone reads as an I/O error.
                return;
            }
            if (read == 0)
            {
                return;
            }
            await client.WriteAsync(channel, buffer.AsMemory(0, read), cancellation);
        }
    }

    private static async Task InputAsync(IContainerSession session, IClientChannels client, TaskCompletionSource sized, CancellationTokenSource stop)
    {
        var open = session.Stdin is not null;
        try
        {
            while (await client.ReadAsync(stop.Token) is { } message)
            {
                if (message.Channel == Channel.Resize)
                {
                    Resize(session, message.Data);
                    sized.TrySetResult();
                    continue;
                }
                if (!open)
                {
                    continue;
                }
                try
                {
                    if (message.Data.Length > 0)
                    {
                        await session.Stdin!.WriteAsync(message.Data, stop.Token);
                        await session.Stdin.FlushAsync(stop.Token);
                    }
                    if (message.End)
                    {
                        open = false;
                        await session.Stdin!.DisposeAsync();
                    }
                }
                catch (IOException)
                {
                    // The command does not read any more; its output is still wanted.
                    open = false;
                }
            }
        }
        catch (Exception e) when (e is IOException or System.Net.WebSockets.WebSocketException or InvalidDataException)
        {
            // A broken connection is a client that has gone.
        }
        await stop.CancelAsync();
    }

    private static void Resize(IContainerSession session, ReadOnlyMemory<byte> data)
    {
        if (data.Length == 0)
        {
            return;
        }
        try
        {
            var size = JsonText.Parse(data.Span);
            if (J.Int((size as JsonObject)?["Width"]) is { } width and > 0 and <= ushort.MaxValue && J.Int((size as JsonObject)?["Height"]) is { } height and > 0 and <= ushort.MaxValue)
            {
                session.Resize((ushort)width, (ushort)height);
            }
        }
        catch (JsonException)
        {
            // A size that cannot be read changes nothing.
        }
    }

    private static async Task Quiet(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or System.Net.WebSockets.WebSocketException or ObjectDisposedException)
        {
            // Both sides are ending: what they say now interests nobody.
        }
    }
}
