using System.Text;

namespace Waggle.Lab.Nodes.Launching;

/// <param name="ExitCode">Exit code, 128 + signal when a signal ended it.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Errors">Standard error.</param>
internal sealed record ToolResult(int ExitCode, string Output, string Errors);

/// <summary>Starts things on one node, through the socket of its holder.</summary>
internal sealed class NodeLauncher(string socketPath)
{
    /// <summary>Output of a tool beyond this is dropped.</summary>
    private const int MaxToolOutput = 1 << 20;

    /// <summary>Starts a container's first process. With a terminal the streams must be null.</summary>
    /// <exception cref="LaunchException">It could not be started.</exception>
    public Task<LaunchedProcess> RunAsync(ContainerSpec container, ProcessStreams? streams, CancellationToken cancellation)
    {
        LaunchRequest request = new LaunchRequest("run").Add("id", container.Id).Add("cgroup", container.Cgroup);
        if (!container.HostNetwork)
            request.Add("ns.net", SandboxPaths.Network(container.Sandbox));
        if (!container.HostNetwork)
            request.Add("ns.uts", SandboxPaths.HostName(container.Sandbox));
        if (!container.HostIpc)
            request.Add("ns.ipc", SandboxPaths.Ipc(container.Sandbox));
        request.AddFlag("hostpid", container.HostPid).AddFlag("privileged", container.Privileged).AddFlag("readonly", container.ReadOnlyRoot);
        request.AddAll("limit", container.Limits.Select(limit => $"{limit.Key}={limit.Value}")).AddMounts(container.Mounts).AddProcess(container.Process);
        return LaunchedProcess.StartAsync(socketPath, request, streams, cancellation);
    }

    /// <summary>Starts one more process in a running container.</summary>
    /// <param name="pid">The container's first process, as <see cref="LaunchedProcess.Pid"/> names it.</param>
    /// <param name="cgroup">The container's cgroup, by which the launcher knows that the number still means it.</param>
    /// <param name="process">The program.</param>
    /// <param name="streams">Its streams; null with a terminal.</param>
    /// <param name="cancellation">Gives up waiting for its start.</param>
    public Task<LaunchedProcess> ExecAsync(int pid, string cgroup, ProcessSpec process, ProcessStreams? streams, CancellationToken cancellation) =>
        LaunchedProcess.StartAsync(socketPath, new LaunchRequest("exec").Add("pid", pid).Add("cgroup", cgroup).AddProcess(process), streams, cancellation);

    /// <summary>Starts a process in the node itself.</summary>
    public Task<LaunchedProcess> StartToolAsync(ProcessSpec process, ProcessStreams? streams, CancellationToken cancellation) =>
        LaunchedProcess.StartAsync(socketPath, new LaunchRequest("tool").AddProcess(process), streams, cancellation);

    /// <summary>Runs a program in the node itself, e.g. a CNI plugin; it is killed when cancelled.</summary>
    public async Task<ToolResult> RunToolAsync(ProcessSpec process, ReadOnlyMemory<byte> input, CancellationToken cancellation)
    {
        var streams = new ProcessStreams(stdin: true, stdout: true, stderr: true);
        using LaunchedProcess running = await StartToolAsync(process, streams, cancellation).ConfigureAwait(false);
        Task<string> output = ReadAsync(running.Stdout!, cancellation), errors = ReadAsync(running.Stderr!, cancellation);
        try
        {
            await running.Stdin!.WriteAsync(input, cancellation).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // A program that does not want its input says so by its exit code.
        }
        await running.Stdin!.DisposeAsync().ConfigureAwait(false);
        ProcessExit exit = await running.Exited.WaitAsync(cancellation).ConfigureAwait(false);
        return new ToolResult(exit.Code, await output.ConfigureAwait(false), await errors.ConfigureAwait(false));
    }

    /// <summary>Makes a pod's namespaces. With the node's network, only the others.</summary>
    public async Task CreateSandboxAsync(string id, string hostname, bool hostNetwork, IEnumerable<string> sysctls, CancellationToken cancellation)
    {
        LaunchRequest request = new LaunchRequest("sandbox").Add("id", id).Add("hostname", hostname).AddFlag("hostnetwork", hostNetwork).AddAll("sysctl", sysctls);
        using LaunchedProcess process = await LaunchedProcess.StartAsync(socketPath, request, null, cancellation).ConfigureAwait(false);
        _ = await process.Exited.ConfigureAwait(false);
    }

    /// <summary>Lets go of a pod's namespaces and removes its cgroup; what is not there is success.</summary>
    public async Task RemoveSandboxAsync(string id, string cgroup, CancellationToken cancellation)
    {
        LaunchRequest request = new LaunchRequest("unsandbox").Add("id", id).Add("cgroup", cgroup);
        using LaunchedProcess process = await LaunchedProcess.StartAsync(socketPath, request, null, cancellation).ConfigureAwait(false);
        _ = await process.Exited.ConfigureAwait(false);
    }

    /// <summary>Reads to the end, keeping the first <see cref="MaxToolOutput"/> bytes.</summary>
    internal static async Task<string> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        using var kept = new MemoryStream();
        byte[] buffer = new byte[16 * 1024];
        for (int count; (count = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0;)
            kept.Write(buffer, 0, (int)Math.Min(count, MaxToolOutput - kept.Length));
        return Encoding.UTF8.GetString(kept.GetBuffer(), 0, (int)kept.Length);
    }
}
