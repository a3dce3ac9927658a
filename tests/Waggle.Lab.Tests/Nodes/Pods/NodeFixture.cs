using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.Kube.Json;
using Waggle.Kube.Resources;
using Waggle.Lab.ApiServer;
using Waggle.Lab.Nodes;
using Waggle.Lab.Nodes.Images;
using Waggle.Linux;

namespace Waggle.Lab.Tests.Nodes.Pods;

/// <summary>A real API server and one real node with Debian's bridge plugin as its network; each test has its own and leaves nothing.</summary>
internal sealed class NodeFixture : IAsyncDisposable
{
    public const string NodeName = "node-a";

    private const string Network = """
        {"cniVersion":"1.0.0","name":"testnet","plugins":[
          {"type":"bridge","bridge":"cni0","isGateway":true,"ipam":{"type":"host-local","ranges":[[{"subnet":"10.77.0.0/24"}]],"routes":[{"dst":"0.0.0.0/0"}]}},
          {"type":"tuning","sysctl":{"net.ipv4.conf.eth0.log_martians":"0"}}]}
        """;

    private readonly CancellationTokenSource _stop = new();
    private readonly string _runtime;
    private readonly string _state;
    private readonly Cgroup _cgroup;
    private readonly ClusterPki _pki;
    private readonly List<Task> _running = [];
    private readonly ErrorLog _errors = new();
    private ApiServerHost? _server;

    private NodeFixture(string name)
    {
        _runtime = $"/run/{name}";
        _state = $"/var/tmp/{name}";
        _cgroup = Cgroup.At(name);
        _pki = ClusterPki.LoadOrCreate($"{_state}/pki", []);
        Paths = new NodePaths($"{_runtime}/n", $"{_state}/logs");
    }

    public NodePaths Paths { get; }

    /// <summary>Pods that still have a cgroup.</summary>
    public int PodCgroups => _cgroup.Child("pods") is { Exists: true } pods ? pods.Children().Count() : 0;

    public KubeClient Client { get; private set; } = null!;

    public NodeRuntime Node { get; private set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<NodeFixture> StartAsync(bool network = true, TimeProvider? time = null)
    {
        var fixture = new NodeFixture($"wgt-{Guid.NewGuid().ToString("n")[..8]}");
        try
        {
            await fixture.StartAllAsync(network, time ?? TimeProvider.System);
            return fixture;
        }
        catch
        {
            await fixture.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes the node's network configuration appear, as an agent does.</summary>
    public void InstallNetwork()
    {
        foreach (string plugin in (string[])["bridge", "host-local", "tuning"])
            File.Copy($"/usr/lib/cni/{plugin}", $"{Paths.CniPlugins}/{plugin}");
        File.WriteAllText($"{Paths.CniConfiguration}/.10.conflist.tmp", Network);
        File.Move($"{Paths.CniConfiguration}/.10.conflist.tmp", $"{Paths.CniConfiguration}/10-test.conflist");
    }

    /// <summary>Creates a pod, from YAML of its spec, on the node.</summary>
    public Task<Pod> CreatePodAsync(string name, string spec, string metadata = "")
    {
        JsonObject pod = KubeYaml.ReadAll($$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: {{name}}, namespace: default{{metadata}}}
            """)[0];
        JsonObject body = KubeYaml.ReadAll(spec)[0];
        body["nodeName"] = NodeName;
        body["terminationGracePeriodSeconds"] ??= 5;
        body["automountServiceAccountToken"] ??= false;
        pod["spec"] = body;
        return Client.CreateAsync(KubeTypes.Pods, KubeJson.FromJson<Pod>(pod), cancellation: Cancellation);
    }

    /// <summary>Waits by watching until the pod satisfies a condition; fails with what it looks like when that takes a minute.</summary>
    public async Task<Pod> WaitAsync(string name, Func<Pod, bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        Pod? last = null;
        try
        {
            await foreach (WatchEvent<Pod> change in Client.WatchAsync(KubeTypes.Pods, "default", new WatchOptions { FieldSelector = $"metadata.name={name}" }, limit.Token))
            {
                if (change.Type is WatchEventType.Bookmark)
                    continue;
                last = change.Object;
                if (change.Type != WatchEventType.Deleted && condition(last))
                    return last;
            }
        }
        catch (OperationCanceledException) when (!Cancellation.IsCancellationRequested)
        {
        }
        throw new Xunit.Sdk.XunitException($"pod {name} does not get there: {(last is null ? "never seen" : KubeJson.ToJson(last.Status).ToJsonString())}\nevents: {string.Join("\n", await EventsAsync(name))}");
    }

    public Task<Pod> WaitRunningAsync(string name) => WaitAsync(name, pod => pod.Status.Conditions.Any(c => c is { Type: "Ready", Status: "True" }));

    public Task<Pod> WaitPhaseAsync(string name, string phase) => WaitAsync(name, pod => pod.Status.Phase == phase);

    public async Task WaitGoneAsync(string name)
    {
        while (await Client.TryGetAsync(KubeTypes.Pods, "default", name, Cancellation) is not null)
            await Task.Delay(20, Cancellation);
    }

    public async Task<IReadOnlyList<string>> EventsAsync(string pod)
    {
        KubeList<Event> list = await Client.ListAsync(KubeTypes.Events, "default", cancellation: Cancellation);
        return [.. list.Items.Where(e => e.InvolvedObject.Name == pod).Select(e => $"{e.Reason}: {e.Message}")];
    }

    /// <summary>Waits until an event says this.</summary>
    public async Task<string> WaitEventAsync(string pod, string start)
    {
        while (true)
        {
            if ((await EventsAsync(pod)).FirstOrDefault(e => e.StartsWith(start, StringComparison.Ordinal)) is { } found)
                return found;
            await Task.Delay(50, Cancellation);
        }
    }

    public async Task<string> LogsAsync(string pod, string? container = null, LogOptions? options = null)
    {
        using var output = new MemoryStream();
        await Node.ReadLogsAsync(new ContainerRef("default", pod, container), options ?? new LogOptions(false, false, false, null, null, null, null), output, Cancellation);
        return System.Text.Encoding.UTF8.GetString(output.ToArray());
    }

    /// <summary>Waits until the log of a running container has this text.</summary>
    public async Task WaitLogAsync(string pod, string text, string? container = null)
    {
        while (!(await LogsAsync(pod, container)).Contains(text, StringComparison.Ordinal))
            await Task.Delay(10, Cancellation);
    }

    /// <summary>Runs a command in a pod; returns its exit code and output, errors after it.</summary>
    public async Task<(int Code, string Output)> ExecAsync(string pod, params string[] command)
    {
        await using IContainerSession session = await Node.ExecAsync(new ContainerRef("default", pod, null), new ExecOptions(command, false, true, true, false), Cancellation);
        Task<string> output = Text(session.Stdout!), errors = Text(session.Stderr!);
        ContainerExit exit = await session.Exited.WaitAsync(Cancellation);
        return (exit.ExitCode, await output + await errors);

        static async Task<string> Text(Stream stream) => await new StreamReader(stream).ReadToEndAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (Node is not null)
            await Node.DisposeAsync();
        await Task.WhenAll(_running);
        if (_server is not null)
            await _server.DisposeAsync();
        Client?.Dispose();
        _pki.Dispose();
        await _cgroup.KillAndRemoveAsync(TimeSpan.FromSeconds(60));
        Mounts.UnmountTree(_runtime);
        if (Directory.Exists(_runtime))
            Directory.Delete(_runtime, recursive: true);
        Directory.Delete(_state, recursive: true);
        _stop.Dispose();
        Assert.Empty(_errors.Lines);
    }

    private async Task StartAllAsync(bool network, TimeProvider time)
    {
        Directory.CreateDirectory(_runtime);
        Mounts.Tmpfs(_runtime);
        Paths.Create();
        _cgroup.Create();
        _server = await ApiServerHost.StartAsync(new ApiServerOptions
        {
            DataDirectory = $"{_state}/api",
            Pki = _pki,
            Endpoints = [new ApiEndpoint.Tcp(new IPEndPoint(IPAddress.Loopback, 0))],
        }, null, Cancellation);
        string kubeconfig = $"{_state}/kubeconfig";
        _pki.WriteKubeconfig(kubeconfig, "test", $"https://127.0.0.1:{_server.Addresses[0].Port}", _pki.IssueAdmin());
        Client = new KubeClient(KubeConfig.FromFile(kubeconfig));
        var machine = new NodeMachine(Launching.TestNode.LauncherPath, Directory.CreateDirectory($"{_runtime}/tools").FullName, AppContext.BaseDirectory);
        var holder = await machine.StartAsync(NodeName, Paths, _cgroup.Path, "127.0.0.1 localhost\n", ["net.ipv4.ip_forward=1"], Cancellation);
        if (network)
            InstallNetwork();
        ILoggerFactory loggers = _errors;
        var objects = new NodeObjects(Client, loggers);
        Node = new NodeRuntime(new NodeOptions
        {
            Name = NodeName,
            Addresses = [IPAddress.Parse("172.18.0.2")],
            ApiServer = new IPEndPoint(IPAddress.Parse("172.18.0.2"), 6443),
            CaPem = _pki.CaPem,
        }, holder, Paths, Client, objects, ImageTable.Load("/nonexistent"), loggers, time);
        _running.Add(objects.RunAsync(_stop.Token));
        _running.Add(Ended(Node.RunAsync(_stop.Token)));

        static async Task Ended(Task run)
        {
            try
            {
                await run;
            }
            catch (OperationCanceledException)
            {
            }
        }
    }
}
