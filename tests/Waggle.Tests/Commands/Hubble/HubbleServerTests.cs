using System.Net.Sockets;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Cli;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Protocol.Peers;
using Waggle.Hubble.Protocol.Recorders;
using Waggle.Hubble.Protocol.Relays;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Server;
using Waggle.Tests.Support;

namespace Waggle.Tests.Commands.Hubble;

/// <summary>The commands against a server that answers what the test tells it.</summary>
public sealed class HubbleServerTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private readonly RpcServer _rpc = new(NullLogger<RpcServer>.Instance);
    private readonly RpcHealth _health;
    private WebApplication? _web;

    public HubbleServerTests() => _health = new RpcHealth(_rpc);

    private string Address => "unix://" + Path.Combine(_folder.Path, "h.sock");

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(Path.Combine(_folder.Path, "h.sock"), listen => listen.Protocols = HttpProtocols.Http2));
        _web = builder.Build();
        _web.Run(_rpc.HandleAsync);
        await _web.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _web!.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Status_IsTheKnownText()
    {
        _rpc.AddUnary(HubbleMethods.ServerStatus, (_, _) => Task.FromResult(new ServerStatusResponse
        {
            NumFlows = 11917, MaxFlows = 12288, SeenFlows = 1_000_000, UptimeNs = 3_723_000_000_000, FlowsRate = 11.744, NumConnectedNodes = 2, NumUnavailableNodes = 3, UnavailableNodes = { "b", "a" }, Version = "v1",
        }));
        Assert.Equal(
            $"""
            Healthcheck (via {Address}): Ok
            Current/Max Flows: 11,917/12,288 (96.98%)
            Flows/s: 11.74
            Connected Nodes: 2/5
            Unavailable Nodes: 3
              - a
              - b
              - and 1 more...

            """, await RunAsync("status"));
        Assert.Contains("          NUM FLOWS: 11,917\n", await RunAsync("status", "-o", "dict"));
        Assert.Contains("             UPTIME: 1h2m3s\n", await RunAsync("status", "-o", "dict"));
        Assert.StartsWith("NUM FLOWS   MAX FLOWS   SEEN FLOWS   FLOWS PER SECOND   UPTIME   NUM CONNECTED NODES", await RunAsync("status", "-o", "table"));
        Assert.Contains("\"num_connected_nodes\":2", await RunAsync("status", "-o", "json"));
    }

    [Fact]
    public async Task Status_WithLosses_SaysHowMany()
    {
        _rpc.AddUnary(HubbleMethods.ServerStatus, (_, _) => Task.FromResult(new ServerStatusResponse { NumFlows = 1, MaxFlows = 4, FlowsRate = 0.5, LostEvents = 12345, MissedEvents = 6, Version = "v1" }));
        Assert.Equal(
            $"""
            Healthcheck (via {Address}): Ok
            Current/Max Flows: 1/4 (25.00%)
            Flows/s: 0.50
            Lost Events: 12,345
            Missed by Slow Clients: 6

            """, await RunAsync("status"));
        Assert.Contains("LOST EVENTS: 12,345\n", await RunAsync("status", "-o", "dict"));
        Assert.Contains("\"lost_events\":\"12345\"", await RunAsync("status", "-o", "json"));
    }

    [Fact]
    public async Task Status_NotServing_Fails()
    {
        _rpc.AddUnary(HubbleMethods.ServerStatus, (_, _) => Task.FromResult(new ServerStatusResponse()));
        _health.Serving = false;
        var outcome = await InProcess.RunAsync("hubble", "status", "--server", Address);
        Assert.Equal(ExitCode.Failed, outcome.Code);
        Assert.Contains("Unavailable: NOTSERVING", outcome.Output);
    }

    [Fact]
    public async Task Lists_AreTheKnownTables()
    {
        _rpc.AddUnary(HubbleMethods.GetNodes, (_, _) => Task.FromResult(new GetNodesResponse
        {
            Nodes =
            {
                new Node { Name = "kind/worker", Version = "v1", Address = "172.18.0.3:4244", State = NodeState.NodeConnected, UptimeNs = 65_000_000_000, NumFlows = 100, MaxFlows = 4095, SeenFlows = 130, Tls = new Waggle.Hubble.Protocol.Observers.TLS { Enabled = true } },
                new Node { Name = "kind/control", State = NodeState.NodeUnavailable },
            },
        }));
        _rpc.AddUnary(HubbleMethods.GetNamespaces, (_, _) => Task.FromResult(new GetNamespacesResponse { Namespaces = { new Namespace { Namespace_ = "default", Cluster = "kind" } } }));
        Assert.Equal(
            """
            NAME           STATUS        AGE    FLOWS/S   CURRENT/MAX-FLOWS    VERSION   ADDRESS           TLS
            kind/control   Unavailable   N/A    N/A       N/A                  N/A                         N/A
            kind/worker    Connected     1m5s   2.00      100/4095 (  2.44%)   v1        172.18.0.3:4244   Enabled

            """, await RunAsync("list", "nodes", "-o", "wide"));
        Assert.Equal("NAMESPACE   CLUSTER\ndefault     kind\n", await RunAsync("list", "namespaces", "-o", "wide"));
        Assert.Equal("NAMESPACE\ndefault\n", await RunAsync("list", "namespaces"));
    }

    [Fact]
    public async Task Lists_AsJson_AreIndented()
    {
        _rpc.AddUnary(HubbleMethods.GetNodes, (_, _) => Task.FromResult(new GetNodesResponse { Nodes = { new Node { Name = "kind/b", State = NodeState.NodeConnected, SeenFlows = 130 }, new Node { Name = "kind/a" } } }));
        _rpc.AddUnary(HubbleMethods.GetNamespaces, (_, _) => Task.FromResult(new GetNamespacesResponse { Namespaces = { new Namespace { Namespace_ = "default", Cluster = "kind" } } }));
        Assert.Equal(
            """
            [
              {
                "name": "kind/a"
              },
              {
                "name": "kind/b",
                "state": "NODE_CONNECTED",
                "seen_flows": "130"
              }
            ]

            """, await RunAsync("list", "nodes", "-o", "json"));
        Assert.Equal(
            """
            [
              {
                "cluster": "kind",
                "namespace": "default"
              }
            ]

            """, await RunAsync("list", "namespaces", "-o", "json"));
    }

    [Theory]
    [InlineData("status")]
    [InlineData("observe")]
    [InlineData("list", "nodes")]
    [InlineData("list", "namespaces")]
    [InlineData("watch", "peers")]
    [InlineData("observe", "agent-events")]
    public async Task Command_NobodyAnswers_NamesWhoDoesNot(params string[] command)
    {
        var nobody = "unix://" + Path.Combine(_folder.Path, "nobody.sock");
        var outcome = await InProcess.RunAsync(["hubble", .. command, "--server", nobody]);
        Assert.Equal(ExitCode.NotReachable, outcome.Code);
        Assert.Contains($"no Hubble server answers at {nobody}: ", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("--server", outcome.Error, StringComparison.Ordinal);
        Assert.Equal("", outcome.Output);
    }

    [Fact]
    public async Task Command_SilentServer_IsNamedToo()
    {
        var path = Path.Combine(_folder.Path, "silent.sock");
        using var silent = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        silent.Bind(new UnixDomainSocketEndPoint(path));
        silent.Listen();
        var outcome = await InProcess.RunAsync("hubble", "list", "nodes", "--server", $"unix://{path}", "--request-timeout", "100ms");
        Assert.Equal(ExitCode.NotReachable, outcome.Code);
        Assert.Contains($"no Hubble server answers at unix://{path}: ", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Observe_SendsTheRequestAndPrintsNodeStatusAside()
    {
        GetFlowsRequest? asked = null;
        _rpc.AddServerStreaming(HubbleMethods.GetFlows, async (request, writer, _) =>
        {
            asked = request;
            await writer.WriteAsync(new GetFlowsResponse { NodeName = "relay", Time = new Timestamp { Seconds = 1 }, NodeStatus = new NodeStatusEvent { StateChange = NodeState.NodeUnavailable, NodeNames = { Enumerable.Range(0, 20).Select(i => $"node-{i:D2}") } } });
            await writer.WriteAsync(new GetFlowsResponse { Flow = new Flow { Verdict = Verdict.Dropped, EventType = new CiliumEventType { Type = 1, SubType = 231 }, IP = new IP { Source = "10.0.0.1", Destination = "239.1.1.1" } } });
        });
        var outcome = await InProcess.RunAsync("hubble", "observe", "--server", Address, "--last", "3", "--verdict", "DROPPED");
        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.Equal("N/A: 10.0.0.1 (unknown) <> 239.1.1.1 (unknown) Multicast unconfigured DROPPED (IP_NOT_USED)\n", outcome.Output);
        Assert.Equal("Jan  1 00:00:01.000 [relay]: 20 nodes are unavailable: node-00, node-01, node-02, node-03, node-04 (and 15 more)\n", outcome.Error);
        Assert.Equal((3ul, false, Verdict.Dropped), (asked!.Number, asked.Follow, asked.Whitelist[0].Verdict[0]));
    }

    [Fact]
    public async Task Observe_ServerRefusesTheFilter_IsAUsageError()
    {
        _rpc.AddServerStreaming(HubbleMethods.GetFlows, (_, _, _) => throw new RpcException(RpcStatusCode.InvalidArgument, "whitelist[0].source_pod: no"));
        var outcome = await InProcess.RunAsync("hubble", "observe", "--server", Address, "--pod", "x");
        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains("whitelist[0].source_pod: no", outcome.Error);
    }

    [Fact]
    public async Task AgentEvents_ArePrinted()
    {
        _rpc.AddServerStreaming(HubbleMethods.GetAgentEvents, async (_, writer, _) => await writer.WriteAsync(new GetAgentEventsResponse
        {
            Time = new Timestamp { Seconds = 1 },
            NodeName = "n",
            AgentEvent = new AgentEvent { Type = AgentEventType.EndpointCreated, EndpointUpdate = new EndpointUpdateNotification { Id = 7, Namespace = "default", PodName = "web" } },
        }));
        Assert.Equal("Jan  1 00:00:01.000 [n]: ENDPOINT_CREATED (id: 7, namespace: default, pod name: web)\n", await RunAsync("observe", "agent-events", "--print-node-name"));
        Assert.Equal("TIMESTAMP             TYPE               DETAILS\nJan  1 00:00:01.000   ENDPOINT_CREATED   id: 7, namespace: default, pod name: web\n", await RunAsync("observe", "agent-events", "-o", "table"));
    }

    [Fact]
    public async Task WatchPeers_PrintsChanges()
    {
        _rpc.AddServerStreaming(HubbleMethods.Notify, async (_, writer, _) => await writer.WriteAsync(new ChangeNotification { Name = "kind/worker", Address = "172.18.0.3:4244", Type = ChangeNotificationType.PeerAdded, Tls = new Waggle.Hubble.Protocol.Peers.TLS { ServerName = "worker.kind.hubble-grpc.cilium.io" } }));
        Assert.Equal("PEER_ADDED   172.18.0.3:4244 kind/worker (TLS.ServerName: worker.kind.hubble-grpc.cilium.io)\n", await RunAsync("watch", "peers"));
    }

    [Fact]
    public async Task Record_SendsFiltersAndTellsTheFile()
    {
        StartRecording? start = null;
        _rpc.AddDuplex(HubbleMethods.Record, async (requests, writer, _) =>
        {
            await foreach (var request in requests)
            {
                start = request.Start;
                await writer.WriteAsync(new RecordResponse { NodeName = "n", Time = new Timestamp { Seconds = 1 }, Stopped = new RecordingStoppedResponse { Stats = new RecordingStatistics { PacketsCaptured = 3, BytesCaptured = 200 }, Filesink = new FileSinkResult { FilePath = "/x/hubble_1.pcap" } } });
                return;
            }
        });
        var outcome = await InProcess.RunAsync("hubble", "record", "--server", Address, "--packet-limit", "3", "tcp 10.0.0.0/8:80", "10.1.0.0/16 0 fd00::/8 53 UDP");
        Assert.Equal((ExitCode.Ok, "1970-01-01T00:00:01Z Result: 3 packets (200 bytes) written\n1970-01-01T00:00:01Z Output: /x/hubble_1.pcap\n"), (outcome.Code, outcome.Output));
        Assert.Equal(3ul, start!.StopCondition.PacketsCapturedCount);
        Assert.Equal(
            [("10.0.0.0/8", 80u, "0.0.0.0/0", 0u, Protocol.Tcp), ("0.0.0.0/0", 0u, "10.0.0.0/8", 80u, Protocol.Tcp), ("10.1.0.0/16", 0u, "fd00::/8", 53u, Protocol.Udp)],
            start.Include.Select(f => (f.SourceCidr, f.SourcePort, f.DestinationCidr, f.DestinationPort, f.Protocol)));
    }

    [Theory]
    [InlineData("tpc 10.0.0.0/8:0 10.0.0.0/8:0 x y", "\"tpc\"")]
    [InlineData("10.0.0.0/8 0 10.0.0.0/8 0 tpc", "did you mean \"tcp\"?")]
    [InlineData("tcp 10.0.0.0/33:0", "is not a prefix")]
    [InlineData("tcp 10.0.0.0/8:99999", "\"99999\" is not a port")]
    public async Task Record_BadFilter_IsNamed(string filter, string message)
    {
        var outcome = await InProcess.RunAsync("hubble", "record", "--server", Address, filter);
        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains(message, outcome.Error);
    }

    private async Task<string> RunAsync(params string[] words)
    {
        var outcome = await InProcess.RunAsync(["hubble", "--server", Address, .. words]);
        Assert.Equal((ExitCode.Ok, ""), (outcome.Code, outcome.Error));
        return outcome.Output;
    }
}
