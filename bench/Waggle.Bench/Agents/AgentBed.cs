using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.Kube.Resources;
using Waggle.Lab.ApiServer;
using Waggle.Linux;
using Waggle.Netlink;

namespace Waggle.Bench.Agents;

/// <summary>
/// One node with the real agent and operator and the embedded API server, but no node runtime: pods are what the benchmark says.
/// Everything lives in namespaces and processes that end with this process, however it ends.
/// </summary>
internal sealed class AgentBed : IAsyncDisposable
{
    internal const string NodeName = "bench";
    private const string ApiAddress = "172.18.0.1";
    private const string NodeAddress = "172.18.0.2";

    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(60);

    private readonly ScratchDirectory _directory = new();
    private readonly Stack<IAsyncDisposable> _parts = [];
    private readonly List<NetworkNamespace> _pods = [];
    private BoundProcess _operator = null!;
    private BoundProcess _agent = null!;
    private HttpClient _api = null!;

    private AgentBed()
    {
    }

    internal NetworkNamespace Node { get; } = NetworkNamespace.Create();

    internal KubeClient Client { get; private set; } = null!;

    internal int AgentPid => _agent.Pid;

    /// <summary>The agent's BPF file system, seen from here.</summary>
    internal string BpfDirectory => string.Create(CultureInfo.InvariantCulture, $"/proc/{AgentPid}/root{Path.Combine(_directory.Path, "bpf")}");

    /// <summary>The agent's socket for CNI calls.</summary>
    internal string CniSocket => Path.Combine(RunDirectory, "cni.sock");

    private string RunDirectory => Path.Combine(_directory.Path, "run");

    /// <param name="programs">The folder with <c>waggle</c>.</param>
    /// <param name="cancellation">Gives up.</param>
    internal static async Task<AgentBed> StartAsync(string programs, CancellationToken cancellation)
    {
        var bed = new AgentBed();
        try
        {
            await bed.StartServerAsync(cancellation).ConfigureAwait(false);
            await bed.StartAgentAsync(Path.Combine(programs, "waggle"), cancellation).ConfigureAwait(false);
            return bed;
        }
        catch
        {
            await bed.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Ends the operator, which would remove objects that belong to no node.</summary>
    internal void EndOperator() => _operator.Dispose();

    /// <summary>A pod's network namespace, which lives as long as the node.</summary>
    internal NetworkNamespace NewPod()
    {
        var pod = NetworkNamespace.Create();
        lock (_pods)
        {
            _pods.Add(pod);
        }

        return pod;
    }

    /// <summary>The rows of one of the agent's tables.</summary>
    internal async Task<long> CountAsync(string table, CancellationToken cancellation) =>
        (long)(await StatusAsync(cancellation).ConfigureAwait(false))!["tables"]![table]!;

    /// <summary>The rows themselves.</summary>
    internal async Task<JsonArray> RowsAsync(string table, CancellationToken cancellation) =>
        JsonNode.Parse(await _api.GetStringAsync($"/v1/tables/{table}", cancellation).ConfigureAwait(false))!["rows"]!.AsArray();

    public async ValueTask DisposeAsync()
    {
        _api?.Dispose();
        _agent?.Dispose();
        _operator?.Dispose();
        Client?.Dispose();
        while (_parts.TryPop(out var part))
        {
            await part.DisposeAsync().ConfigureAwait(false);
        }

        _pods.ForEach(pod => pod.Dispose());
        Node.Dispose();
        _directory.Dispose();
    }

    private async Task StartServerAsync(CancellationToken cancellation)
    {
        var underlay = NetworkNamespace.Create();
        _parts.Push(new Owned(underlay));
        await using var rtnl = Rtnl.Open(underlay);
        var link = await rtnl.Links.CreateAsync(new VethSpec("node", "eth0") { PeerNamespace = Node, Up = true, PeerUp = true }, cancellation).ConfigureAwait(false);
        await rtnl.Addresses.EnsureAsync(new InterfaceAddress(link.Index, IPAddress.Parse(ApiAddress), 16), cancellation).ConfigureAwait(false);
        await using (var inside = Rtnl.Open(Node))
        {
            var eth = await inside.Links.GetAsync("eth0", cancellation).ConfigureAwait(false);
            await inside.Links.SetLoopbackUpAsync(cancellation).ConfigureAwait(false);
            await inside.Addresses.EnsureAsync(new InterfaceAddress(eth.Index, IPAddress.Parse(NodeAddress), 16), cancellation).ConfigureAwait(false);
            await inside.Routes.EnsureAsync(new Route(new IPNetwork(IPAddress.Any, 0)) { LinkIndex = eth.Index, Gateway = IPAddress.Parse(ApiAddress) }, cancellation).ConfigureAwait(false);
        }

        var pki = ClusterPki.LoadOrCreate(Path.Combine(_directory.Path, "pki"), [ApiAddress]);
        _parts.Push(new Owned(pki));
        var server = await ApiServerHost.StartAsync(new ApiServerOptions
        {
            DataDirectory = Path.Combine(_directory.Path, "api"),
            Pki = pki,
            Endpoints =
            [
                new ApiEndpoint.Tcp(new IPEndPoint(IPAddress.Loopback, 0)),
                new ApiEndpoint.Listening(underlay.ListenDescriptor(new IPEndPoint(IPAddress.Parse(ApiAddress), 6443))),
            ],
        }, cancellation: cancellation).ConfigureAwait(false);
        _parts.Push(server);
        var admin = pki.IssueAdmin();
        pki.WriteKubeconfig(Kubeconfig("outside"), "bench", $"https://127.0.0.1:{server.Addresses[0].Port}", admin);
        pki.WriteKubeconfig(Kubeconfig("inside"), "bench", $"https://{ApiAddress}:6443", admin);
        Client = new KubeClient(KubeConfig.FromFile(Kubeconfig("outside")));
    }

    private async Task StartAgentAsync(string waggle, CancellationToken cancellation)
    {
        var (config, bpf) = (Path.Combine(_directory.Path, "config"), Path.Combine(_directory.Path, "bpf"));
        Directory.CreateDirectory(config);
        Directory.CreateDirectory(bpf);
        var values = new Dictionary<string, string>
        {
            ["cluster-pool-ipv4-mask-size"] = "20",
            ["prometheus-serve-addr"] = "",
            ["operator-prometheus-serve-addr"] = "",
            ["bpf-root"] = bpf,
            ["state-dir"] = RunDirectory,
            ["write-cni-conf-when-ready"] = Path.Combine(_directory.Path, "net.d", "05-cilium.conflist"),
        };
        foreach (var (key, value) in values)
        {
            await File.WriteAllTextAsync(Path.Combine(config, key), value, cancellation).ConfigureAwait(false);
        }

        await Client.CreateAsync(KubeTypes.ConfigMaps, new ConfigMap { Metadata = new ObjectMeta { Namespace = "kube-system", Name = "cilium-config" }, Data = values }, cancellation: cancellation).ConfigureAwait(false);
        var nodes = ResourceType.Untyped("", "v1", "nodes", "Node", false);
        await Client.CreateAsync(nodes, new JsonObject { ["metadata"] = new JsonObject { ["name"] = NodeName } }, cancellation: cancellation).ConfigureAwait(false);
        var status = new JsonObject { ["status"] = new JsonObject { ["addresses"] = new JsonArray(new JsonObject { ["type"] = "InternalIP", ["address"] = NodeAddress }) } };
        await Client.PatchAsync(nodes, null, NodeName, KubePatch.Merge(status), subresource: "status", cancellation: cancellation).ConfigureAwait(false);

        _operator = await BoundProcess.StartAsync(null, Path.Combine(_directory.Path, "operator.log"), "", [waggle, "operator", "--config-dir", config,
            "--namespace", "kube-system", "--k8s-kubeconfig-path", Kubeconfig("outside"), "--operator-api-serve-addr", ""]).ConfigureAwait(false);
        _agent = await BoundProcess.StartAsync(Node, Path.Combine(_directory.Path, "agent.log"), $"mount -t bpf bpf {bpf}",
            [waggle, "agent", "--config-dir", config, "--node-name", NodeName, "--namespace", "kube-system", "--k8s-kubeconfig-path", Kubeconfig("inside")]).ConfigureAwait(false);
        _api = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync }) { BaseAddress = new Uri("http://agent/"), Timeout = TimeSpan.FromSeconds(5) };
        for (var since = Stopwatch.StartNew(); (bool?)(await StatusAsync(cancellation).ConfigureAwait(false))?["ready"] != true;)
        {
            if (since.Elapsed > ReadyTimeout)
            {
                throw new InvalidOperationException($"the agent is not ready after {ReadyTimeout.TotalSeconds:0} s:\n{_agent.Log}\n{_operator.Log}");
            }

            await Task.Delay(50, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Null while the agent does not answer.</summary>
    private async Task<JsonNode?> StatusAsync(CancellationToken cancellation)
    {
        try
        {
            return JsonNode.Parse(await _api.GetStringAsync("/v1/status", cancellation).ConfigureAwait(false));
        }
        catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            return null;
        }
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(RunDirectory, "cilium.sock")), cancellation).ConfigureAwait(false);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private string Kubeconfig(string name) => Path.Combine(_directory.Path, name + ".conf");

    private sealed class Owned(IDisposable item) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            item.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
