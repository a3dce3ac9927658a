using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Agent.Hubble;
using Waggle.Agent.Services;
using Waggle.Agent.Tests.Policy;
using Waggle.Hubble.Consumers;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Observing;
using Waggle.Hubble.Ring;
using Waggle.State.Tables;

namespace Waggle.Agent.Tests.Hubble;

public sealed class ServiceFollowerTests : IAsyncLifetime
{
    private readonly ServiceFrontendTable _table = new(new StateDb());
    private readonly HubbleMetadata _metadata = new([]);
    private readonly ServiceFollower _follower;
    private uint _id;

    public ServiceFollowerTests()
    {
        var ring = new FlowRing(15, 1);
        var pipeline = new FlowPipeline(ring, new FlowConsumers(NullLogger<FlowConsumers>.Instance), _metadata);
        _follower = new ServiceFollower(_metadata, new AgentEvents(new FlowObserver(ring, pipeline.Namespaces, () => new ObserverOptions("test", Waggle.Hubble.Flows.NodeInfo.None), TimeProvider.System)), _table);
    }

    public async ValueTask InitializeAsync() => await _follower.StartAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _follower.StopAsync(CancellationToken.None);
        _follower.Dispose();
    }

    [Fact]
    public async Task Find_ByPortAndProtocol_AsHubbleDoes()
    {
        Add("cart", "10.96.0.1", 80, 6, "ClusterIP");
        Add("cart", "fd00::1", 80, 6, "ClusterIP");
        await IsAsync("cart", "10.96.0.1", 80, 6);
        await IsAsync("cart", "fd00::1", 80, 6);
        Assert.Equal("", Find("10.96.0.1", 81, 6));
        Assert.Equal("", Find("10.96.0.1", 80, 17));
        Assert.Equal("cart", Find("10.96.0.1", 0, 1)); // ICMP, fragments
        Assert.Same(_metadata.Service(Of("10.96.0.1"), 80, 6), _metadata.Service(Of("fd00::1"), 80, 6)); // filters remember the object
    }

    [Fact]
    public async Task Find_OfASharedAddress_IsAskedForThePort()
    {
        Add("a", "192.0.2.1", 80, 6, "LoadBalancer");
        Add("b", "192.0.2.1", 443, 6, "LoadBalancer");
        await IsAsync("b", "192.0.2.1", 443, 6);
        Assert.Equal("a", Find("192.0.2.1", 80, 6));
        Assert.Equal("", Find("192.0.2.1", 0, 1));
        _table.Delete(Key("a", "192.0.2.1", 80, 6));
        await IsAsync("b", "192.0.2.1", 0, 1);
        _table.Delete(Key("b", "192.0.2.1", 443, 6));
        await IsAsync("", "192.0.2.1", 443, 6);
        Assert.Equal("", Find("192.0.2.1", 0, 1));
    }

    [Fact]
    public async Task Find_OfAnAddressThatTwoClaim_GoesToTheOtherWhenOneIsGone()
    {
        Add("a", "192.0.2.1", 80, 6, "ExternalIPs");
        Add("b", "192.0.2.1", 80, 6, "ExternalIPs");
        await IsAsync("a", "192.0.2.1", 80, 6);
        _table.Delete(Key("a", "192.0.2.1", 80, 6));
        await IsAsync("b", "192.0.2.1", 80, 6);
    }

    [Fact]
    public async Task Find_OfANodesOwnAddress_OnlyByItsNodePort()
    {
        Add("a", "172.18.0.2", 30080, 6, "NodePort");
        await IsAsync("a", "172.18.0.2", 30080, 6);
        Assert.Equal("", Find("172.18.0.2", 0, 1));
    }

    private void Add(string name, string address, ushort port, byte protocol, string type) => _table.Upsert(new ServiceFrontend(Key(name, address, port, protocol), ++_id, type, "Cluster", "", []));

    private static ServiceFrontendKey Key(string name, string address, ushort port, byte protocol) => new("shop", name, new FrontendAddress(IPAddress.Parse(address), port, protocol));

    private static FlowAddress Of(string address) => FlowAddress.From(IPAddress.Parse(address));

    private string Find(string address, ushort port, byte protocol) => _metadata.Service(Of(address), port, protocol)?.Name ?? "";

    private Task IsAsync(string name, string address, ushort port, byte protocol) => PolicyLab.UntilAsync($"{address}:{port} is {name}", () => Task.FromResult(Find(address, port, protocol) == name ? name : null));
}
