using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Cli;
using Waggle.Commands.Hubble.Settings;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Server;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.Kube.Exec;
using Waggle.Lab.ApiServer;
using Waggle.Lab.Nodes;
using Waggle.Tests.Support;

namespace Waggle.Tests.Commands.Hubble;

/// <summary><c>--port-forward</c> through a real API server to a relay.</summary>
public sealed class PortForwardTests : IAsyncLifetime
{
    private static readonly ResourceType<JsonObject> Pods = ResourceType.Untyped("", "v1", "pods", "Pod", true), Services = ResourceType.Untyped("", "v1", "services", "Service", true);

    private readonly TempFolder _folder = new();
    private readonly RpcServer _rpc = new(NullLogger<RpcServer>.Instance);
    private ClusterPki _pki = null!;
    private ApiServerHost _server = null!;
    private RpcListener _relay = null!;
    private KubeClient _client = null!;

    private string Kubeconfig => Path.Combine(_folder.Path, "kubeconfig");

    public async ValueTask InitializeAsync()
    {
        _pki = ClusterPki.LoadOrCreate(Path.Combine(_folder.Path, "pki"), []);
        _relay = await RpcListener.TcpAsync(new IPEndPoint(IPAddress.Loopback, 0), _rpc, null, false, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
        _server = await ApiServerHost.StartAsync(new ApiServerOptions { DataDirectory = Path.Combine(_folder.Path, "data"), Pki = _pki, Endpoints = [new ApiEndpoint.Tcp(new IPEndPoint(IPAddress.Loopback, 0))], Nodes = new Node(_relay.Port) });
        _pki.WriteKubeconfig(Kubeconfig, "test", $"https://{_server.Addresses[0]}", _pki.IssueAdmin());
        _client = new KubeClient(KubeConfig.FromFile(Kubeconfig));
        await _client.CreateAsync(ResourceType.Untyped("", "v1", "namespaces", "Namespace", false), new JsonObject { ["metadata"] = new JsonObject { ["name"] = "watching" } });
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        await _relay.DisposeAsync();
        _pki.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Status_ThroughTheApiServer_IsTheRelays()
    {
        _rpc.AddUnary(HubbleMethods.ServerStatus, (_, _) => Task.FromResult(new ServerStatusResponse { NumFlows = 7, MaxFlows = 14, SeenFlows = 9, NumConnectedNodes = 1, NumUnavailableNodes = 0 }));
        _rpc.AddServerStreaming(HubbleMethods.GetAgentEvents, async (request, writer, _) =>
        {
            // More than fits into one message of the WebSocket or one window of the connection.
            for (var i = 0; i < 300; i++)
            {
                await writer.WriteAsync(new GetAgentEventsResponse { NodeName = "node", AgentEvent = new AgentEvent { Type = AgentEventType.EndpointCreated, EndpointUpdate = new EndpointUpdateNotification { PodName = new string('x', 4000) } } });
            }
        });
        _ = new RpcHealth(_rpc);
        await RelayAsync();
        var outcome = await InProcess.RunAsync("hubble", "status", "-P", "--kubeconfig", Kubeconfig, "--kube-namespace", "watching", "--timeout", "60s", "--request-timeout", "60s");
        Assert.True(outcome.Code == ExitCode.Ok, outcome.Error);
        Assert.Contains("Current/Max Flows: 7/14 (50.00%)", outcome.Output, StringComparison.Ordinal);
        var events = await InProcess.RunAsync("hubble", "observe", "agent-events", "--port-forward", "--kubeconfig", Kubeconfig, "--kube-context", "test", "--kube-namespace", "watching", "--timeout", "60s", "-o", "json");
        Assert.True(events.Code == ExitCode.Ok, events.Error);
        Assert.Equal(300, events.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task WithoutARelay_SaysWhatIsMissing()
    {
        string[] command = ["hubble", "status", "-P", "--kubeconfig", Kubeconfig, "--kube-namespace", "watching", "--timeout", "60s"];
        var outcome = await InProcess.RunAsync(command);
        Assert.Equal(ExitCode.NotReachable, outcome.Code);
        Assert.Contains("there is no Service watching/hubble-relay", outcome.Error, StringComparison.Ordinal);

        await RelayAsync(phase: "Pending");
        outcome = await InProcess.RunAsync(command);
        Assert.Equal(ExitCode.NotReachable, outcome.Code);
        Assert.Contains("no pod of Service watching/hubble-relay runs", outcome.Error, StringComparison.Ordinal);

        outcome = await InProcess.RunAsync([.. command, "--port-forward-port", "many"]);
        Assert.Equal(ExitCode.Usage, outcome.Code);
        outcome = await InProcess.RunAsync([.. command, "--kube-context", "nowhere"]);
        Assert.Equal(ExitCode.NotReachable, outcome.Code);
        Assert.Contains("nowhere", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Port_WithNobodyListening_FailsWithTheReason()
    {
        await RelayAsync();
        await using var stream = await _client.ConnectPortAsync("watching", "relay-1", 1, TestContext.Current.CancellationToken);
        var e = await Assert.ThrowsAsync<IOException>(() => stream.ReadAsync(new byte[10], TestContext.Current.CancellationToken).AsTask());
        Assert.Contains("port 1", e.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<KubeApiException>(() => _client.ConnectPortAsync("watching", "nobody", 4245, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("""{"port":80,"targetPort":"grpc"}""", 4245)]
    [InlineData("""{"port":80,"targetPort":4222}""", 4222)]
    [InlineData("""{"port":80}""", 80)]
    public void PortOf_AService_IsThePods(string port, int expected)
    {
        var pod = JsonNode.Parse("""{"spec":{"containers":[{"ports":[{"name":"metrics","containerPort":1},{"name":"grpc","containerPort":4245}]}]}}""")!.AsObject();
        Assert.Equal(expected, RelayForward.PortOf(pod, JsonNode.Parse(port)!));
    }

    private async Task RelayAsync(string phase = "Running")
    {
        await _client.CreateAsync(Services, JsonNode.Parse("""{"metadata":{"namespace":"watching","name":"hubble-relay"},"spec":{"selector":{"k8s-app":"hubble-relay"},"ports":[{"port":80,"targetPort":"grpc"}]}}""")!.AsObject());
        await _client.CreateAsync(Pods, JsonNode.Parse("""
            {"metadata":{"namespace":"watching","name":"relay-1","labels":{"k8s-app":"hubble-relay"}},
             "spec":{"nodeName":"node1","containers":[{"name":"relay","image":"relay","ports":[{"name":"grpc","containerPort":4245}]}]}}
            """)!.AsObject());
        await _client.PatchAsync(Pods, "watching", "relay-1", KubePatch.Merge(new JsonObject { ["status"] = new JsonObject { ["phase"] = phase } }), subresource: "status");
    }

    /// <summary>A node whose pods are the test's own relay.</summary>
    private sealed class Node(int port) : INodeConnector, INodeRuntime
    {
        public INodeRuntime? Find(string nodeName) => nodeName == "node1" ? this : null;

        public Task<IContainerSession> ExecAsync(ContainerRef container, ExecOptions options, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<IContainerSession> AttachAsync(ContainerRef container, AttachOptions options, CancellationToken cancellation) => throw new NotSupportedException();

        public Task ReadLogsAsync(ContainerRef container, LogOptions options, Stream output, CancellationToken cancellation) => throw new NotSupportedException();

        public async Task<Stream> ConnectPortAsync(string @namespace, string pod, int number, CancellationToken cancellation)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, number == 4245 ? port : number, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }
}
