using Google.Protobuf.WellKnownTypes;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Tests.Shared;

namespace Waggle.Hubble.Tests.Observing;

public sealed class GetFlowsTests
{
    private const long Base = 1_700_000_000_000_000_000;

    [Theory]
    [InlineData(0UL, false, 1, 10)]
    [InlineData(3UL, false, 8, 10)]
    [InlineData(3UL, true, 1, 3)]
    [InlineData(100UL, false, 1, 10)]
    public async Task GetFlows_WithANumber_GivesThoseFlows(ulong number, bool first, int from, int to)
    {
        await using var server = await TestServer.StartAsync();
        Write(server, 10);
        Assert.Equal(Enumerable.Range(from, to - from + 1), await PortsAsync(server, new GetFlowsRequest { Number = number, First = first }));
    }

    [Fact]
    public async Task GetFlows_WithATimeWindow_GivesWhatIsInside()
    {
        await using var server = await TestServer.StartAsync();
        Write(server, 10);
        var request = new GetFlowsRequest { Since = Timestamp.FromDateTimeOffset(DateTimeOffset.FromUnixTimeSeconds((Base / 1_000_000_000) + 3)), Until = Timestamp.FromDateTimeOffset(DateTimeOffset.FromUnixTimeSeconds((Base / 1_000_000_000) + 6)) };
        Assert.Equal([3, 4, 5, 6], await PortsAsync(server, request));
        request.Number = 2;
        Assert.Equal([5, 6], await PortsAsync(server, request));
        request.First = true;
        Assert.Equal([3, 4], await PortsAsync(server, request));
    }

    [Fact]
    public async Task GetFlows_Last_CountsFlowsThatMatchOnly()
    {
        await using var server = await TestServer.StartAsync();
        Write(server, 20);
        var request = new GetFlowsRequest { Number = 2, Whitelist = { new FlowFilter { DestinationPort = { "3", "7", "9" } } } };
        Assert.Equal([7, 9], await PortsAsync(server, request));
    }

    [Fact]
    public async Task GetFlows_Following_SendsWhatComes()
    {
        await using var server = await TestServer.StartAsync();
        Write(server, 5);
        using var channel = server.Connect();
        var seen = new List<uint>();
        await foreach (var response in channel.StreamAsync(HubbleMethods.GetFlows, new GetFlowsRequest { Number = 2, Follow = true }, cancellation: TestContext.Current.CancellationToken))
        {
            seen.Add(response.Flow.L4.TCP.DestinationPort);
            if (seen.Count == 2)
            {
                Write(server, 2, firstPort: 100);
            }

            if (seen.Count == 4)
            {
                break;
            }
        }

        Assert.Equal([4u, 5, 100, 101], seen);
    }

    [Fact]
    public async Task GetFlows_FollowingUntil_EndsThen()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Connect();
        var request = new GetFlowsRequest { Follow = true, Until = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow.AddMilliseconds(100)) };
        await foreach (var _ in channel.StreamAsync(HubbleMethods.GetFlows, request, cancellation: TestContext.Current.CancellationToken))
        {
            Assert.Fail("there are no flows");
        }
    }

    [Fact]
    public async Task GetFlows_WithAMask_SendsOnlyThat()
    {
        await using var server = await TestServer.StartAsync();
        server.Metadata.Set("10.0.0.1", new EndpointInfo { Id = 7, Identity = 1000, Namespace = "shop", PodName = "web-1", Labels = ["k8s:app=web"] });
        Write(server, 1);
        using var channel = server.Connect();
        var request = new GetFlowsRequest { FieldMask = new FieldMask { Paths = { "source.pod_name", "l4", "verdict" } } };
        var flow = await FirstAsync(channel.StreamAsync(HubbleMethods.GetFlows, request, cancellation: TestContext.Current.CancellationToken));
        Assert.Equal(new Flow { Source = new Endpoint { PodName = "web-1" }, Verdict = Verdict.Forwarded, L4 = new Layer4 { TCP = new TCP { SourcePort = 40000, DestinationPort = 1, Flags = new TCPFlags { SYN = true } } } }, flow.Flow);

        // The shared endpoint is whole for others.
        var whole = await FirstAsync(channel.StreamAsync(HubbleMethods.GetFlows, new GetFlowsRequest(), cancellation: TestContext.Current.CancellationToken));
        Assert.Equal("k8s:app=web", Assert.Single(whole.Flow.Source.Labels));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("source.nonsense")]
    [InlineData("verdict.x")]
    public async Task GetFlows_WithAMaskOfGarbage_IsRefused(string path)
    {
        await using var server = await TestServer.StartAsync();
        var e = await Assert.ThrowsAsync<RpcException>(() => PortsAsync(server, new GetFlowsRequest { FieldMask = new FieldMask { Paths = { path } } }));
        Assert.Equal(RpcStatusCode.InvalidArgument, e.Code);
        Assert.Contains(path, e.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetFlows_WithABadFilter_NamesTheField()
    {
        await using var server = await TestServer.StartAsync();
        var e = await Assert.ThrowsAsync<RpcException>(() => PortsAsync(server, new GetFlowsRequest { Blacklist = { new FlowFilter(), new FlowFilter { SourceIp = { "10.0.0.0/33" } } } }));
        Assert.Equal(RpcStatusCode.InvalidArgument, e.Code);
        Assert.StartsWith("blacklist[1].source_ip:", e.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServerStatus_AndNamespaces_TellWhatWasSeen()
    {
        await using var server = await TestServer.StartAsync(capacity: 7);
        server.Metadata.Set("10.0.0.1", new EndpointInfo { Namespace = "shop", PodName = "web-1" });
        var now = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * 100;
        for (var i = 0; i < 20; i++)
        {
            server.Pipeline.OnPacket(Packets.Trace(now), Packets.Tcp("10.0.0.1", "10.0.0.2"));
        }

        using var channel = server.Connect();
        var status = await channel.CallAsync(HubbleMethods.ServerStatus, new ServerStatusRequest(), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal((7UL, 7UL, 20UL), (status.NumFlows, status.MaxFlows, status.SeenFlows));
        Assert.Equal("waggle test", status.Version);
        Assert.True(status.FlowsRate > 0);
        var namespaces = await channel.CallAsync(HubbleMethods.GetNamespaces, new GetNamespacesRequest(), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal("shop", Assert.Single(namespaces.Namespaces).Namespace_);
    }

    [Fact]
    public async Task GetAgentEvents_Following_SendsOldAndNew()
    {
        await using var server = await TestServer.StartAsync();
        server.Observer.AgentEvents.Add(Base, new AgentEvent { Type = AgentEventType.AgentStarted });
        using var channel = server.Connect();
        var seen = new List<AgentEventType>();
        await foreach (var response in channel.StreamAsync(HubbleMethods.GetAgentEvents, new GetAgentEventsRequest { Number = 10, Follow = true }, cancellation: TestContext.Current.CancellationToken))
        {
            seen.Add(response.AgentEvent.Type);
            if (seen.Count == 1)
            {
                server.Observer.AgentEvents.Add(Base + 1, new AgentEvent { Type = AgentEventType.EndpointCreated });
            }
            else
            {
                break;
            }
        }

        Assert.Equal([AgentEventType.AgentStarted, AgentEventType.EndpointCreated], seen);
    }

    private static void Write(TestServer server, int count, ushort firstPort = 1)
    {
        for (var i = 0; i < count; i++)
        {
            server.Pipeline.OnPacket(Packets.Trace(Base + ((firstPort + i) * 1_000_000_000L)), Packets.Tcp("10.0.0.1", "10.0.0.2", destinationPort: (ushort)(firstPort + i)));
        }
    }

    private static async Task<List<int>> PortsAsync(TestServer server, GetFlowsRequest request)
    {
        using var channel = server.Connect();
        var ports = new List<int>();
        await foreach (var response in channel.StreamAsync(HubbleMethods.GetFlows, request, cancellation: TestContext.Current.CancellationToken))
        {
            ports.Add((int)response.Flow.L4.TCP.DestinationPort);
        }

        return ports;
    }

    private static async Task<GetFlowsResponse> FirstAsync(IAsyncEnumerable<GetFlowsResponse> responses)
    {
        await foreach (var response in responses)
        {
            return response;
        }

        throw new InvalidOperationException("no response");
    }
}
