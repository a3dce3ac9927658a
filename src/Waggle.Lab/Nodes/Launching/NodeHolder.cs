using System.Diagnostics;
using System.Globalization;

namespace Waggle.Lab.Nodes.Launching;

/// <summary>
/// A node's first process, in which all of the node lives: namespaces, mounts, containers. It ends, and everything with it,
/// when this object is disposed or when this process dies.
/// </summary>
internal sealed class NodeHolder : IAsyncDisposable
{
    private readonly Process _process;
    private bool _disposed;

    private NodeHolder(Process process, int pid, NodeSpec spec)
    {
        _process = process;
        Pid = pid;
        Launcher = new NodeLauncher(spec.Socket);
        Exited = process.WaitForExitAsync();
    }

    /// <summary>The node's first process in the machine's PID namespace.</summary>
    public int Pid { get; }

    /// <summary>The node's network namespace, as the machine sees it.</summary>
    public string NetworkPath => string.Create(CultureInfo.InvariantCulture, $"/proc/{Pid}/ns/net");

    public NodeLauncher Launcher { get; }

    /// <summary>Completes when the node has ended.</summary>
    public Task Exited { get; }

    /// <summary>A path inside the node as the machine sees it. Absolute symbolic links on the way would lead out of the node.</summary>
    public string PathInNode(string path) => string.Create(CultureInfo.InvariantCulture, $"/proc/{Pid}/root{path}");

    /// <exception cref="LaunchException">The node could not be made; nothing of it is left.</exception>
    public static async Task<NodeHolder> StartAsync(string launcherPath, NodeSpec spec, CancellationToken cancellation)
    {
        LaunchRequest request = new LaunchRequest().Add("name", spec.Name).Add("socket", spec.Socket).Add("cgroup", spec.Cgroup)
            .Add("directory", spec.Directory).AddMounts(spec.Mounts).AddAll("sysctl", spec.Sysctls);
        var start = new ProcessStartInfo(launcherPath, ["node"]) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        Process process = Process.Start(start) ?? throw new LaunchException(LaunchFailure.Setup, $"cannot start {launcherPath}");
        try
        {
            // Standard input stays open as long as we live: its end tells the holder to go.
            await process.StandardInput.BaseStream.WriteAsync(request.ToMessage(), cancellation).ConfigureAwait(false);
            await process.StandardInput.BaseStream.FlushAsync(cancellation).ConfigureAwait(false);
            string? line = await process.StandardOutput.ReadLineAsync(cancellation).ConfigureAwait(false);
            if (line is not null && line.StartsWith("ready ", StringComparison.Ordinal))
                return new NodeHolder(process, int.Parse(line.AsSpan(6), CultureInfo.InvariantCulture), spec);
            throw line is null ? new LaunchException(LaunchFailure.Setup, "the launcher ended without a word") : LaunchException.Parse(line);
        }
        catch
        {
            process.StandardInput.Close();
            process.Dispose();
            throw;
        }
    }

    /// <summary>Ends the node and waits until all of its processes are gone.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }
        await Exited.ConfigureAwait(false);
        _process.Dispose();
    }
}
