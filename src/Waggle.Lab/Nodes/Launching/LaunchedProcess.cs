using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Waggle.Linux;

namespace Waggle.Lab.Nodes.Launching;

/// <param name="Code">The exit code; 128 + signal when a signal ended it.</param>
/// <param name="Signal">The signal that ended it, or 0.</param>
/// <param name="OutOfMemory">The kernel killed something in it for lack of memory.</param>
internal readonly record struct ProcessExit(int Code, int Signal, bool OutOfMemory);

/// <summary>A process that the launcher started, seen through the connection to its monitor. Disposing it kills the process.</summary>
internal sealed class LaunchedProcess : IDisposable
{
    private readonly Socket _connection;
    private readonly ProcessStreams? _streams;

    private LaunchedProcess(Socket connection, ProcessStreams? streams, PseudoTerminal? terminal, int pid, string rest)
    {
        _connection = connection;
        _streams = streams;
        Terminal = terminal;
        Pid = pid;
        Stdin = terminal is null ? streams?.Stdin : terminal.OpenStream();
        Stdout = terminal is null ? streams?.Stdout : Stdin;
        Exited = WaitAsync(rest);
    }

    /// <summary>Its number in the node's PID namespace.</summary>
    public int Pid { get; }

    public PseudoTerminal? Terminal { get; }

    public Stream? Stdin { get; }

    /// <summary>Its output; with a terminal, the same stream as <see cref="Stdin"/>.</summary>
    public Stream? Stdout { get; }

    public Stream? Stderr => Terminal is null ? _streams?.Stderr : null;

    /// <summary>Completes when the process has ended; never fails. The node's own end shows as signal 9.</summary>
    public Task<ProcessExit> Exited { get; }

    /// <summary>Sends the request with the process's ends of the streams and waits until the program runs.</summary>
    /// <exception cref="LaunchException">It does not run; nothing of it is left.</exception>
    public static async Task<LaunchedProcess> StartAsync(string socketPath, LaunchRequest request, ProcessStreams? streams, CancellationToken cancellation)
    {
        var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        PseudoTerminal? terminal = null;
        try
        {
            await connection.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellation).ConfigureAwait(false);
            Send(connection, request.ToMessage(), streams);
            string text = "";
            while (true)
            {
                byte[] buffer = new byte[2048];
                DescriptorMessage message = await DescriptorPassing.ReceiveAsync(connection, buffer, 1, cancellation).ConfigureAwait(false);
                if (message.Descriptors is [FileDescriptor master, ..])
                    terminal = PseudoTerminal.Adopt(master);
                if (message.Count == 0)
                    throw new LaunchException(LaunchFailure.NodeLost, text.Length > 0 ? text : "the node closed the connection without an answer");
                text += Encoding.UTF8.GetString(buffer, 0, message.Count);
                if (TakeLine(ref text, "tty") is not null && !text.Contains('\n'))
                    continue;
                if (TakeLine(ref text, "error ") is { } error)
                    throw LaunchException.Parse(error);
                if (TakeLine(ref text, "ok ") is { } ok)
                    return new LaunchedProcess(connection, streams, terminal, int.Parse(ok.AsSpan(3), CultureInfo.InvariantCulture), text);
            }
        }
        catch (Exception e)
        {
            terminal?.Dispose();
            streams?.Dispose();
            connection.Dispose();
            if (e is SocketException or LinuxException)
                throw new LaunchException(LaunchFailure.NodeLost, $"the node does not answer: {e.Message}");
            throw;
        }
    }

    /// <summary>Sends a signal; nothing happens when the process has ended. A first process without a handler for SIGTERM is killed by it.</summary>
    public void Signal(int number)
    {
        try
        {
            _ = _connection.Send(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"signal {number}\n")));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has ended: that is what signals are for.
        }
    }

    public void Dispose()
    {
        _connection.Dispose();
        if (Terminal is not null)
            Stdin?.Dispose();
        Terminal?.Dispose();
        _streams?.Dispose();
    }

    private static void Send(Socket connection, byte[] message, ProcessStreams? streams)
    {
        if (streams is null)
        {
            DescriptorPassing.Send(connection, message);
            return;
        }
        using FileDescriptor nothing = FileDescriptor.Open("/dev/null", OpenFlags.ReadWrite);
        DescriptorPassing.Send(connection, message, streams.OtherEnds(nothing));
        streams.CloseOtherEnds();
    }

    /// <summary>Removes the first line when it begins so and is complete.</summary>
    private static string? TakeLine(ref string text, string start)
    {
        int end = text.IndexOf('\n', StringComparison.Ordinal);
        if (end < 0 || !text.StartsWith(start, StringComparison.Ordinal))
            return null;
        string line = text[..end];
        text = text[(end + 1)..];
        return line;
    }

    private async Task<ProcessExit> WaitAsync(string text)
    {
        byte[] buffer = new byte[256];
        try
        {
            while (true)
            {
                if (TakeLine(ref text, "exit ") is { } line)
                    return ParseExit(line);
                int count = await _connection.ReceiveAsync(buffer).ConfigureAwait(false);
                if (count == 0)
                    break;
                text += Encoding.UTF8.GetString(buffer, 0, count);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The monitor went with its node, or we let go: the process is killed either way.
        }
        return new ProcessExit(137, 9, false);
    }

    private static ProcessExit ParseExit(string line)
    {
        string[] parts = line.Split(' ');
        return new ProcessExit(Number(parts, 1), Number(parts, 2), Number(parts, 3) != 0);
    }

    private static int Number(string[] parts, int index) =>
        index < parts.Length && int.TryParse(parts[index], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : 0;
}
