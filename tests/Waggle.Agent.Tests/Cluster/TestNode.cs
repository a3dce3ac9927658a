using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Waggle.Datapath.Loading;
using Waggle.Datapath.Maps;
using Waggle.Kube.Client;
using Waggle.Linux;
using Waggle.Netlink;

namespace Waggle.Agent.Tests.Cluster;

/// <summary>A node: its network, its BPF file system, its agent.</summary>
internal sealed class TestNode : IDisposable
{
    private readonly TestCluster _cluster;
    private readonly Sandbox _sandbox;
    private readonly string _directory;
    private readonly List<TestPod> _pods = [];
    private readonly StringBuilder _log = new();
    private Process? _agent;

    private TestNode(TestCluster cluster, Sandbox sandbox, string name, string address, string directory)
    {
        (_cluster, _sandbox, Name, Address, _directory) = (cluster, sandbox, name, address, directory);
    }

    public string Name { get; }

    public string Address { get; }

    public string Address6 => $"fc00:f853:ccd:e793::{Address[(Address.LastIndexOf('.') + 1)..]}";

    public string RunDirectory => Path.Combine(_directory, "run");

    public string CniSocket => Path.Combine(RunDirectory, "cni.sock");

    /// <summary>Where the node serves its flows, if it does.</summary>
    public string HubbleSocket => Path.Combine(RunDirectory, "hubble.sock");

    /// <summary>The node's network.</summary>
    public NetworkNamespace Network => _sandbox.Network;

    public string BpfDirectory => Path.Combine(_directory, "bpf");

    /// <summary>The same as seen from here: the mount is the node's own.</summary>
    public string BpfFromOutside => $"/proc/{_sandbox.Pid}/root{BpfDirectory}";

    /// <summary>Whether its programs were loaded once.</summary>
    public bool WasReady { get; private set; }

    public int AgentPid => _agent?.Id ?? 0;

    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    public static async Task<TestNode> CreateAsync(TestCluster cluster, Sandbox underlay, string configDirectory, int index, string directory)
    {
        string name = $"node{index}", address = $"172.18.0.{index + 2}", address6 = $"fc00:f853:ccd:e793::{index + 2}";
        string bpf = Path.Combine(directory, "bpf");
        Directory.CreateDirectory(bpf);
        Directory.CreateDirectory(Path.Combine(directory, "run"));
        Sandbox sandbox = await Sandbox.StartAsync($"ip link set lo up && mount -t bpf bpf {bpf}");
        using (Rtnl between = Rtnl.Open(underlay.Network))
        {
            await between.Links.CreateAsync(new VethSpec($"n{index}", "eth0") { Up = true, PeerNamespace = sandbox.Network, PeerUp = true });
        }

        Check(await underlay.RunAsync($"ip link set n{index} master br0"));
        Check(await sandbox.RunAsync($"ip addr add {address}/16 dev eth0 && ip -6 addr add {address6}/64 dev eth0 nodad && ip link set eth0 up && ip route add default via 172.18.0.1"));
        string config = Path.Combine(directory, "config");
        Directory.CreateDirectory(config);
        foreach (string file in Directory.GetFiles(configDirectory))
        {
            File.Copy(file, Path.Combine(config, Path.GetFileName(file)));
        }

        await File.WriteAllTextAsync(Path.Combine(config, "bpf-root"), bpf);
        await File.WriteAllTextAsync(Path.Combine(config, "state-dir"), Path.Combine(directory, "run"));
        await File.WriteAllTextAsync(Path.Combine(config, "hubble-socket-path"), Path.Combine(directory, "run", "hubble.sock"));
        await File.WriteAllTextAsync(Path.Combine(config, "write-cni-conf-when-ready"), Path.Combine(directory, "net.d", "05-cilium.conflist"));

        ResourceType<JsonObject> type = ResourceType.Untyped("", "v1", "nodes", "Node", false);
        await cluster.Client.CreateAsync(type, new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } });
        var status = new JsonObject { ["status"] = new JsonObject { ["addresses"] = new JsonArray(Of(address), Of(address6)) } };
        await cluster.Client.PatchAsync(type, null, name, KubePatch.Merge(status), subresource: "status");
        return new TestNode(cluster, sandbox, name, address, directory);

        static JsonObject Of(string a) => new() { ["type"] = "InternalIP", ["address"] = a };
    }

    public void StartAgent()
    {
        Process agent = _sandbox.Start(
            Path.Combine(AppContext.BaseDirectory, "waggle"),
            ["agent", "--config-dir", Path.Combine(_directory, "config"), "--node-name", Name, "--namespace", "kube-system", "--k8s-kubeconfig-path", _cluster.Kubeconfig],
            s => s.RedirectStandardError = true);
        agent.ErrorDataReceived += Take;
        agent.OutputDataReceived += Take;
        agent.BeginErrorReadLine();
        agent.BeginOutputReadLine();
        _agent = agent;

        void Take(object _, DataReceivedEventArgs line)
        {
            lock (_log)
            {
                _log.AppendLine(line.Data);
            }
        }
    }

    /// <summary>The node's pinned maps. Dispose them.</summary>
    public DatapathMaps OpenMaps() => DatapathMaps.OpenPinned(new DatapathPaths(BpfFromOutside));

    /// <summary>Changes the mounted configuration, for the next start.</summary>
    public Task ConfigureAsync(string key, string value) => File.WriteAllTextAsync(Path.Combine(_directory, "config", key), value);

    /// <summary>Waits for an agent that ends by itself.</summary>
    public async Task<int> WaitExitAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _agent!.WaitForExitAsync(limit.Token);
        return _agent.ExitCode;
    }

    /// <summary>kill -9.</summary>
    public void KillAgent()
    {
        if (_agent is { } agent)
        {
            agent.Kill();
            agent.WaitForExit();
            agent.Dispose();
            _agent = null;
        }
    }

    public async Task WaitReadyAsync()
    {
        for (long started = Stopwatch.GetTimestamp(); ;)
        {
            if (await TryGetAsync("/v1/status") is { } status && (bool)status["ready"]!)
            {
                WasReady = true;
                return;
            }

            if (_agent is null || _agent.HasExited || Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(120))
            {
                throw new TimeoutException($"the agent of {Name} is not ready:\n{Log}");
            }

            await Task.Delay(50);
        }
    }

    /// <summary>Asks the agent's local API; null when it does not answer.</summary>
    public async Task<JsonNode?> TryGetAsync(string path)
    {
        using HttpClient client = OpenApi();
        try
        {
            return JsonNode.Parse(await client.GetStringAsync(path));
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    /// <summary>Asks the agent's local API, which must answer.</summary>
    public async Task<JsonNode> GetAsync(string path)
    {
        using HttpClient client = OpenApi(TimeSpan.FromSeconds(60));
        return JsonNode.Parse(await client.GetStringAsync(path))!;
    }

    /// <summary>A client of the agent's local API.</summary>
    /// <param name="limit">5 s, where somebody asks again.</param>
    public HttpClient OpenApi(TimeSpan? limit = null) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(RunDirectory, "cilium.sock")), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    }) { BaseAddress = new Uri("http://agent/"), Timeout = limit ?? TimeSpan.FromSeconds(5) };

    /// <summary>A container's network namespace, attached by the real plugin.</summary>
    public Task<TestPod> AddPodAsync(string name, params (string Key, string Value)[] labels) => AddPodAsync("default", name, labels);

    /// <summary>A container's network namespace, attached by the real plugin.</summary>
    public async Task<TestPod> AddPodAsync(string @namespace, string name, (string Key, string Value)[] labels, params (string Name, int Port, string Protocol)[] ports)
    {
        await _cluster.CreatePodAsync(this, @namespace, name, labels, ports);
        return await AttachPodAsync(@namespace, name);
    }

    /// <summary>The same for a pod that is in the API.</summary>
    public async Task<TestPod> AttachPodAsync(string @namespace, string name)
    {
        var pod = new TestPod(this, name, await Sandbox.StartAsync()) { Namespace = @namespace };
        lock (_pods)
        {
            _pods.Add(pod);
        }

        await pod.AddAsync();
        return pod;
    }

    /// <summary>A container whose ADD is the caller's business.</summary>
    /// <param name="id">The runtime's.</param>
    /// <param name="pod">Name of a pod of namespace default; empty: of none.</param>
    public async Task<TestPod> AddContainerAsync(string id, string pod = "")
    {
        var container = new TestPod(this, pod, await Sandbox.StartAsync()) { ContainerId = id };
        _pods.Add(container);
        return container;
    }

    public Task<(int Code, string Output)> RunAsync(string line, TimeSpan? limit = null) => _sandbox.RunAsync(line, limit);

    /// <summary>Runs the cilium command as in the agent's container.</summary>
    public Task<(int Code, string Output)> CiliumAsync(string arguments) => WaggleAsync($"cilium {arguments}");

    /// <summary>Runs the executable as in the agent's container.</summary>
    public Task<(int Code, string Output)> WaggleAsync(string arguments) => _sandbox.RunAsync($"unshare --mount sh -c '{InContainer(arguments)}'", TimeSpan.FromSeconds(60));

    /// <summary>Starts it; the process is the executable itself.</summary>
    public Process StartWaggle(string arguments) => _sandbox.Start("unshare", ["--mount", "sh", "-c", InContainer(arguments)]);

    public Process Start(string program, params string[] arguments) => _sandbox.Start(program, arguments);

    public void Dispose()
    {
        KillAgent();
        foreach (TestPod pod in _pods)
        {
            pod.Dispose();
        }

        _sandbox.Dispose();
    }

    private string InContainer(string arguments) =>
        $"mount -t tmpfs tmpfs /run && mkdir /run/cilium && mount --bind {RunDirectory} /run/cilium && mount --bind {BpfDirectory} /sys/fs/bpf && exec {Path.Combine(AppContext.BaseDirectory, "waggle")} {arguments}";

    private static void Check((int Code, string Output) result)
    {
        if (result.Code != 0)
        {
            throw new InvalidOperationException(result.Output);
        }
    }
}
