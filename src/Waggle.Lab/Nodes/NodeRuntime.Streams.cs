using System.Net;
using System.Net.Sockets;
using Waggle.Lab.Nodes.Launching;
using Waggle.Lab.Nodes.Logs;
using Waggle.Lab.Nodes.Pods;
using Waggle.Lab.Nodes.Streams;
using Waggle.Linux;

namespace Waggle.Lab.Nodes;

internal sealed partial class NodeRuntime
{
    public async Task<IContainerSession> ExecAsync(ContainerRef container, ExecOptions options, CancellationToken cancellation)
    {
        (_, ContainerRunner runner) = Find(container);
        ContainerInstance instance = Running(container, runner);
        if (options.Command.Count == 0)
            throw new NodeRuntimeException(400, "BadRequest", "you must specify at least one command for the container");
        ProcessSpec process = instance.Plan.Spec.Process with { Arguments = options.Command, Terminal = options.Tty };
        if (options.Tty && !process.Environment.ContainsKey("TERM"))
            process = process with { Environment = new Dictionary<string, string>(process.Environment) { ["TERM"] = "xterm" } };
        ProcessStreams? streams = options.Tty ? null : new ProcessStreams(options.Stdin, options.Stdout, options.Stderr);
        try
        {
            LaunchedProcess running = await _context.Launcher.ExecAsync(instance.Process.Pid, instance.Plan.Spec.Cgroup, process, streams, cancellation).ConfigureAwait(false);
            return new ExecSession(running, options);
        }
        catch (LaunchException e) when (e.Failure == LaunchFailure.Gone)
        {
            throw NotRunning(container, runner);
        }
        catch (LaunchException e)
        {
            throw new NodeRuntimeException(500, "InternalError", $"error executing command in container: failed to exec in container: {e.Message}");
        }
    }

    public Task<IContainerSession> AttachAsync(ContainerRef container, AttachOptions options, CancellationToken cancellation)
    {
        (_, ContainerRunner runner) = Find(container);
        ContainerInstance instance = Running(container, runner);
        if (options.Tty && instance.Process.Terminal is null)
            throw new NodeRuntimeException(400, "BadRequest", $"Unable to use a TTY - container {runner.Container.Name} did not allocate one");
        return Task.FromResult<IContainerSession>(new AttachSession(instance.Process, instance.Output, options, runner.Container.StdinOnce == true));
    }

    public async Task ReadLogsAsync(ContainerRef container, LogOptions options, Stream output, CancellationToken cancellation)
    {
        (PodWorker worker, ContainerRunner runner) = Find(container);
        ContainerSnapshot snapshot = runner.Snapshot;
        int restarts = snapshot.RestartCount - (options.Previous ? 1 : 0);
        string path = ContainerInstance.LogPath(worker.Scope, runner.Container.Name, restarts);
        if (options.Previous && !File.Exists(path))
            throw new NodeRuntimeException(400, "BadRequest", $"previous terminated container \"{runner.Container.Name}\" in pod \"{container.Pod}\" not found");
        ContainerLog? live = options.Previous ? null : runner.Instance?.Log;
        if (live is null && !File.Exists(path))
        {
            // Between two runs the last one's log is the newest there is.
            path = ContainerInstance.LogPath(worker.Scope, runner.Container.Name, restarts - 1);
            if (options.Previous || !File.Exists(path))
                throw new NodeRuntimeException(400, "BadRequest", $"container \"{runner.Container.Name}\" in pod \"{container.Pod}\" is waiting to start: {snapshot.State.Waiting?.Reason ?? "ContainerCreating"}");
        }
        await new LogReader(options, _context.Time, output).RunAsync(live?.Path ?? path, live, cancellation).ConfigureAwait(false);
    }

    public async Task<Stream> ConnectPortAsync(string @namespace, string pod, int port, CancellationToken cancellation)
    {
        PodWorker worker = FindPod(@namespace, pod);
        string path = worker.Scope.HostNetwork ? Holder.NetworkPath : Holder.PathInNode(SandboxPaths.Network(worker.Scope.Sandbox));
        try
        {
            using NetworkNamespace network = NetworkNamespace.Open(path);
            SocketException? refused = null;
            foreach (IPAddress address in (IPAddress[])[IPAddress.Loopback, IPAddress.IPv6Loopback])
            {
                Socket socket = network.CreateSocket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    await socket.ConnectAsync(new IPEndPoint(address, port), cancellation).ConfigureAwait(false);
                    socket.NoDelay = true;
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch (SocketException e)
                {
                    socket.Dispose();
                    refused ??= e;
                }
            }
            throw new NodeRuntimeException(500, "InternalError", $"failed to connect to localhost:{port} inside pod {@namespace}/{pod}: {refused!.Message}");
        }
        catch (LinuxException)
        {
            throw new NodeRuntimeException(400, "BadRequest", $"pod {@namespace}/{pod} is not running: it has no network (any more)");
        }
    }

    private PodWorker FindPod(string @namespace, string pod) =>
        _workers.Values.FirstOrDefault(worker => worker.Scope.Name == pod && worker.Scope.Namespace == @namespace && !worker.Completion.IsCompleted)
        ?? throw new NodeRuntimeException(404, "NotFound", $"pod \"{@namespace}/{pod}\" is not (yet) known to node {Name}");

    private (PodWorker Worker, ContainerRunner Runner) Find(ContainerRef container)
    {
        PodWorker worker = FindPod(container.Namespace, container.Pod);
        ContainerRunner runner = worker.Find(container.Container)
            ?? throw new NodeRuntimeException(400, "BadRequest", $"container {container.Container} is not valid for pod {container.Pod}");
        return (worker, runner);
    }

    private static ContainerInstance Running(ContainerRef container, ContainerRunner runner) => runner.Instance ?? throw NotRunning(container, runner);

    private static NodeRuntimeException NotRunning(ContainerRef container, ContainerRunner runner)
    {
        ContainerSnapshot snapshot = runner.Snapshot;
        string state = snapshot.State.Waiting?.Reason ?? snapshot.State.Terminated?.Reason ?? "not running";
        return new NodeRuntimeException(400, "BadRequest", $"cannot reach container \"{runner.Container.Name}\" of pod \"{container.Namespace}/{container.Pod}\": it is not running ({state})");
    }
}
