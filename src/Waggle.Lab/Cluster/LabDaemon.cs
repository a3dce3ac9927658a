using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.Lab.ApiServer;
using Waggle.Lab.Controllers;
using Waggle.Lab.Nodes;
using Waggle.Lab.Nodes.Images;
using Waggle.Lab.Nodes.Launching;
using Waggle.Linux;

namespace Waggle.Lab.Cluster;

/// <summary>
/// The one process of a lab. It composes what a real cluster runs in many: underlay and nodes, API server, controllers, node
/// runtimes, and the installation of Waggle. The parts know each other only through the API and <see cref="INodeConnector"/>.
/// </summary>
/// <remarks>
/// Start order: 1 leftovers of a crash, 2 runtime directory, 3 underlay and nodes, 4 API server (it listens inside the control
/// plane's namespace too), 5 controllers and node runtimes, 6 installation. Everything ends with the process, however it ends.
/// </remarks>
internal sealed partial class LabDaemon(LabPaths paths, LabMachine machine, LabRecord record, ILoggerFactory loggers) : INodeConnector, IAsyncDisposable
{
    private static readonly string[] NodeSysctls =
    [
        "net.ipv4.ip_forward=1",
        "net.ipv4.conf.all.rp_filter=0",
        "net.ipv4.conf.default.rp_filter=0",
        "net.ipv6.conf.all.forwarding=1",
        "net.ipv6.conf.all.accept_ra=0",
        "net.ipv6.conf.default.accept_dad=0",
    ];

    private readonly ILogger _logger = loggers.CreateLogger<LabDaemon>();
    private readonly List<NodeRuntime> _nodes = [];
    private readonly List<IAsyncDisposable> _parts = [];
    private readonly List<IDisposable> _held = [];
    private LabRecord _record = record;

    private string Name => _record.Options.Name;

    private string Runtime => paths.Runtime(Name);

    private string State => paths.State(Name);

    /// <inheritdoc/>
    public INodeRuntime? Find(string nodeName) => _nodes.FirstOrDefault(node => node.Name == nodeName);

    /// <summary>Starts all parts and runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        machine.Require();
        await PrepareRuntimeAsync().ConfigureAwait(false);
        Tell("Making the underlay and the nodes");
        var options = _record.Options;
        var underlay = Own(await Underlay.CreateAsync(options.Families, cancellation).ConfigureAwait(false));
        var holders = await StartNodesAsync(underlay, cancellation).ConfigureAwait(false);

        Tell("Starting the API server");
        using var pki = ClusterPki.LoadOrCreate(Path.Combine(State, "pki"), ServerNames());
        var server = await StartApiServerAsync(pki, holders[0], cancellation).ConfigureAwait(false);
        var loopback = server.Addresses[0];
        _record = _record with { ApiPort = loopback.Port };
        _record.Write(State);
        var url = $"https://{loopback}";
        pki.WriteKubeconfig(paths.Kubeconfig(Name), "kind-" + Name, url, pki.IssueAdmin());

        Tell("Starting the controllers and the node runtimes");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var controllers = new ControllerManager(Client(pki, url, pki.IssueController("kube-controller-manager")), loggers);
        var objects = new NodeObjects(Client(pki, url, pki.IssueController("kubelet")), loggers);
        StartRuntimes(pki, url, holders, objects);
        List<Task> running = [controllers.RunAsync(stop.Token), objects.RunAsync(stop.Token), .. _nodes.Select(node => node.RunAsync(stop.Token))];

        if (options.InstallWaggle)
        {
            Tell("Installing Waggle");
            await LabInstaller.InstallAsync(Client(pki, url, pki.IssueAdmin()), options, cancellation).ConfigureAwait(false);
        }

        // Objects of before still say Ready: nobody may believe them before the nodes have spoken.
        await Task.WhenAny([Task.WhenAll(_nodes.Select(node => node.Reported)), .. running]).ConfigureAwait(false);
        Tell(null);
        LogServing(Name, url);
        // None of the parts ends by itself: the first that does takes the lab down with its error in the log.
        await (await Task.WhenAny(running).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private async Task PrepareRuntimeAsync()
    {
        if (await LabLeftovers.RemoveAsync(paths, Name).ConfigureAwait(false))
        {
            LogLeftovers(Name);
        }

        Directory.CreateDirectory(Runtime);
        Mounts.Tmpfs(Runtime);
        machine.WriteTools(Path.Combine(Runtime, "bin"), machine.Folder);
        machine.WriteTools(Path.Combine(Runtime, "node-bin"), $"{NodePaths.WaggleInNode}/lib");
        Cgroup.At(paths.Cgroup(Name)).Create();
    }

    private async Task<IReadOnlyList<NodeHolder>> StartNodesAsync(Underlay underlay, CancellationToken cancellation)
    {
        var options = _record.Options;
        var parts = new NodeMachine(machine.Launcher, Path.Combine(Runtime, "node-bin"), machine.Folder);
        var hosts = HostsFile();
        var holders = new List<NodeHolder>();
        for (var index = 0; index < options.Nodes; index++)
        {
            var node = LabAddresses.NodeName(Name, index);
            var cgroup = Cgroup.At(paths.Cgroup(Name)).Child(node);
            cgroup.Create();
            var files = Paths(node);
            files.Create();
            var holder = await parts.StartAsync(node, files, cgroup.Path, hosts, NodeSysctls, cancellation).ConfigureAwait(false);
            holders.Add(holder);
            Own(holder);
            using var space = NetworkNamespace.Open(holder.NetworkPath);
            await underlay.ConnectAsync(index, space, cancellation).ConfigureAwait(false);
        }

        return holders;
    }

    private async Task<ApiServerHost> StartApiServerAsync(ClusterPki pki, NodeHolder controlPlane, CancellationToken cancellation)
    {
        using var space = NetworkNamespace.Open(controlPlane.NetworkPath);
        var addresses = LabAddresses.Node(_record.Options.Families, 0);
        List<ApiEndpoint> inside = [.. addresses.Select(address => new ApiEndpoint.Listening(space.ListenDescriptor(new IPEndPoint(address, LabAddresses.ApiPort))))];
        var options = new ApiServerOptions
        {
            DataDirectory = Path.Combine(State, "api"),
            Pki = pki,
            Endpoints = [new ApiEndpoint.Tcp(new IPEndPoint(IPAddress.Loopback, FreePort(_record.ApiPort))), .. inside],
            Nodes = this,
            AdvertiseAddress = new IPEndPoint(addresses[0], LabAddresses.ApiPort),
            ServiceCidrV6 = _record.Options.Families == LabFamilies.IPv4 ? null : IPNetwork.Parse("fd00:10:96::/112"),
        };
        return Own(await ApiServerHost.StartAsync(options, loggers, cancellation).ConfigureAwait(false));
    }

    private void StartRuntimes(ClusterPki pki, string url, IReadOnlyList<NodeHolder> holders, NodeObjects objects)
    {
        var options = _record.Options;
        var images = ImageTable.Load();
        for (var index = 0; index < options.Nodes; index++)
        {
            var node = LabAddresses.NodeName(Name, index);
            var addresses = LabAddresses.Node(options.Families, index);
            var settings = new NodeOptions
            {
                Name = node,
                Addresses = addresses,
                ControlPlane = index == 0,
                NoSchedule = index == 0 && options.Nodes > 1,
                Zone = options.Zones.Count == 0 ? null : options.Zones[index % options.Zones.Count],
                ApiServer = new IPEndPoint(LabAddresses.Node(options.Families, 0)[0], LabAddresses.ApiPort),
                CaPem = pki.CaPem,
                Hosts = [.. Enumerable.Range(0, options.Nodes).Select(i => KeyValuePair.Create(LabAddresses.NodeName(Name, i), LabAddresses.Node(options.Families, i)[0]))],
            };
            _nodes.Add(new NodeRuntime(settings, holders[index], Paths(node), Client(pki, url, pki.IssueKubelet(node)), objects, images, loggers, TimeProvider.System));
        }
    }

    private NodePaths Paths(string node) => new(Path.Combine(Runtime, "nodes", node), Path.Combine(State, "logs", node));

    private string HostsFile() => "127.0.0.1 localhost\n::1 localhost\n" + string.Concat(Enumerable.Range(0, _record.Options.Nodes)
        .SelectMany(i => LabAddresses.Node(_record.Options.Families, i).Select(address => $"{address} {LabAddresses.NodeName(Name, i)}\n")));

    private IEnumerable<string> ServerNames() =>
    [
        "localhost", "127.0.0.1", "::1", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "10.96.0.1",
        LabAddresses.NodeName(Name, 0), LabAddresses.NodeV4(0).ToString(), LabAddresses.NodeV6(0).ToString(),
    ];

    /// <summary>The port of the last start if it is still free, so that kubeconfigs that people copied stay right; otherwise any.</summary>
    private static int FreePort(int wanted)
    {
        if (wanted == 0)
        {
            return 0;
        }

        try
        {
            using var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, wanted);
            probe.Start();
            return wanted;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return 0;
        }
    }

    private KubeClient Client(ClusterPki pki, string url, ClientCredential user)
    {
        var config = new KubeConfig
        {
            Server = new Uri(url),
            CertificateAuthorities = [pki.CaCertificate],
            ClientCertificate = X509Certificate2.CreateFromPem(user.CertificatePem, user.KeyPem),
        };
        var client = new KubeClient(config, new KubeClientOptions { UserAgent = "waggle-lab" });
        _held.Add(client);
        return client;
    }

    private T Own<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Add(part);
        return part;
    }

    private void Tell(string? step) => new DaemonStatus(Environment.ProcessId, step, null).Write(Runtime);

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync().ConfigureAwait(false);
        }

        for (var i = _parts.Count - 1; i >= 0; i--)
        {
            await _parts[i].DisposeAsync().ConfigureAwait(false);
        }

        foreach (var item in _held)
        {
            item.Dispose();
        }
    }

    [LoggerMessage(3301, LogLevel.Information, "lab {Lab}: removed what an earlier daemon left")]
    private partial void LogLeftovers(string lab);

    [LoggerMessage(3302, LogLevel.Information, "lab {Lab}: API server at {Url}")]
    private partial void LogServing(string lab, string url);
}
