using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Waggle.Lab.Nodes;

namespace Waggle.Lab.Tests.ApiServer;

/// <summary>A node whose containers are plain processes of the machine: enough to test the server's streams.</summary>
public sealed class FakeNode : INodeConnector, INodeRuntime
{
    public List<(ushort Columns, ushort Rows)> Sizes { get; } = [];

    public int ForwardPort { get; set; }

    public INodeRuntime? Find(string nodeName) => nodeName == "node1" ? this : null;

    public Task<IContainerSession> ExecAsync(ContainerRef container, ExecOptions options, CancellationToken cancellation)
    {
        if (options.Command[0] == "refuse")
        {
            throw new NodeRuntimeException(400, "BadRequest", "container is not running");
        }
        var start = new ProcessStartInfo(options.Command[0]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in options.Command.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }
        return Task.FromResult<IContainerSession>(new Session(this, Process.Start(start)!, options.Stdin));
    }

    public Task<IContainerSession> AttachAsync(ContainerRef container, AttachOptions options, CancellationToken cancellation) =>
        ExecAsync(container, new ExecOptions(["cat"], options.Stdin, options.Stdout, options.Stderr, options.Tty), cancellation);

    public async Task ReadLogsAsync(ContainerRef container, LogOptions options, Stream output, CancellationToken cancellation)
    {
        if (options.Previous)
        {
            throw new NodeRuntimeException(400, "BadRequest", "previous terminated container not found");
        }
        await output.WriteAsync(Encoding.UTF8.GetBytes($"{container.Container} tail={options.TailLines}\n"), cancellation);
        for (var i = 0; options.Follow && i < 3; i++)
        {
            await output.WriteAsync(Encoding.UTF8.GetBytes($"line {i}\n"), cancellation);
        }
    }

    public async Task<Stream> ConnectPortAsync(string @namespace, string pod, int port, CancellationToken cancellation)
    {
        var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port == 80 ? ForwardPort : port, cancellation);
        return client.GetStream();
    }

    private sealed class Session(FakeNode node, Process process, bool stdin) : IContainerSession
    {
        public Stream? Stdin { get; } = stdin ? process.StandardInput.BaseStream : null;

        public Stream? Stdout => process.StandardOutput.BaseStream;

        public Stream? Stderr => process.StandardError.BaseStream;

        public Task<ContainerExit> Exited { get; } = WaitAsync(process);

        public void Resize(ushort columns, ushort rows)
        {
            lock (node.Sizes)
            {
                node.Sizes.Add((columns, rows));
            }
        }

        public ValueTask DisposeAsync()
        {
            try
            {
                process.Kill();
            }
            catch (InvalidOperationException)
            {
            }
            process.Dispose();
            return ValueTask.CompletedTask;
        }

        private static async Task<ContainerExit> WaitAsync(Process process)
        {
            await process.WaitForExitAsync();
            return new ContainerExit(process.ExitCode);
        }
    }
}
