using System.Net;

namespace Waggle.Netlink.Tests.Monitor;

public sealed class MonitorTests
{
    private const RtnlGroups All = RtnlGroups.Links | RtnlGroups.Addresses | RtnlGroups.Routes | RtnlGroups.Rules | RtnlGroups.Neighbours | RtnlGroups.Multicast;

    [Fact]
    public async Task ReadAll_OneChangeOfEachKind_AllAreTold()
    {
        await using TestNamespace node = TestNamespace.Create();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var monitor = RtnlMonitor.Open(All, node.Handle);
        (Link a, Link b) = await node.VethAsync();
        Link bridge = await node.Rtnl.Links.CreateAsync(new BridgeSpec("br0") { Up = true });
        await node.Rtnl.Links.SetAsync(b.Index, new LinkChange { MasterIndex = bridge.Index });
        await node.Rtnl.Multicast.EnsureAsync(new MulticastEntry(bridge.Index, b.Index, IPAddress.Parse("225.0.0.1")));
        await node.Rtnl.Addresses.AddAsync(new InterfaceAddress(a.Index, IPAddress.Parse("10.0.0.1"), 24));
        await node.Rtnl.Routes.AddAsync(new Route(IPNetwork.Parse("10.1.0.0/16")) { Gateway = IPAddress.Parse("10.0.0.2") });
        await node.Rtnl.Rules.AddAsync(new RoutingRule(System.Net.Sockets.AddressFamily.InterNetworkV6, 5) { Table = 7 });
        await node.Rtnl.Neighbours.EnsureAsync(new Neighbour(a.Index, IPAddress.Parse("10.0.0.2")) { MacAddress = new(0x020000000002) });
        await node.Rtnl.Links.DeleteAsync(a.Index);

        HashSet<string> seen = [];
        await foreach (RtnlEvent e in monitor.ReadAllAsync(limit.Token))
        {
            switch (e)
            {
                case LinkEvent { Deleted: false, Link.Name: "a" }: seen.Add("link"); break;
                case AddressEvent { Deleted: false } address when address.Address.Address.ToString() == "10.0.0.1": seen.Add("address"); break;
                case RouteEvent { Deleted: false } route when route.Route.Destination.ToString() == "10.1.0.0/16": seen.Add("route"); break;
                case RuleEvent { Deleted: false, Rule.Priority: 5 }: seen.Add("rule"); break;
                case NeighbourEvent { Deleted: false } neighbour when neighbour.Neighbour.Address.ToString() == "10.0.0.2": seen.Add("neighbour"); break;
                case ForwardingEvent: seen.Add("forwarding"); break;
                case MulticastEvent { Deleted: false } entry when entry.Entry.Group.ToString() == "225.0.0.1": seen.Add("multicast"); break;
                case LinkEvent { Deleted: true } link when link.Link.Index == a.Index: seen.Add("gone"); break;
            }

            if (seen.Count == 8)
                break;
        }

        Assert.Equal(8, seen.Count);
    }

    [Fact]
    public async Task ReadAll_QueueOverflows_ResyncThenGoesOn()
    {
        await using TestNamespace node = TestNamespace.Create();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var monitor = RtnlMonitor.Open(RtnlGroups.Links, node.Handle, queueBytes: 8192);
        (Link a, _) = await node.VethAsync();
        for (uint i = 0; i < 100; i++)
            await node.Rtnl.Links.SetAsync(a.Index, new LinkChange { Mtu = 1400 + i });

        bool resynced = false;
        await foreach (RtnlEvent e in monitor.ReadAllAsync(limit.Token))
        {
            if (e is ResyncEvent)
            {
                resynced = true;
                // What comes after the gap is told again.
                await node.Rtnl.Links.SetAsync(a.Index, new LinkChange { Alias = "after" });
            }
            else if (resynced && e is LinkEvent { Link.Alias: "after" })
            {
                return;
            }
        }

        Assert.Fail("the stream ended");
    }

    [Fact]
    public async Task Dispose_WhileReading_EndsTheStream()
    {
        await using TestNamespace node = TestNamespace.Create();
        var monitor = RtnlMonitor.Open(RtnlGroups.Links, node.Handle);
        Task<int> reader = Task.Run(async () =>
        {
            int count = 0;
            await foreach (RtnlEvent _ in monitor.ReadAllAsync())
                count++;
            return count;
        });
        monitor.Dispose();
        Assert.Equal(0, await reader.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task ReadAll_Cancelled_Throws()
    {
        await using TestNamespace node = TestNamespace.Create();
        using var monitor = RtnlMonitor.Open(RtnlGroups.Links, node.Handle);
        using var cancel = new CancellationTokenSource();
        await using IAsyncEnumerator<RtnlEvent> reader = monitor.ReadAllAsync(cancel.Token).GetAsyncEnumerator();
        ValueTask<bool> next = reader.MoveNextAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
    }
}
