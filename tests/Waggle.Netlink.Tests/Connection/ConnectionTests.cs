using Waggle.Linux;

namespace Waggle.Netlink.Tests.Connection;

public sealed class ConnectionTests
{
    [Fact]
    public async Task Requests_ManyAtOnce_EachGetsItsOwnReply()
    {
        await using TestNamespace node = TestNamespace.Create();
        for (int i = 0; i < 20; i++)
            await node.Rtnl.Links.CreateAsync(new VethSpec($"a{i}", $"b{i}"));
        Task<Link>[] gets = [.. Enumerable.Range(0, 200).Select(i => Task.Run(() => node.Rtnl.Links.GetAsync($"a{i % 20}")))];
        Task<IReadOnlyList<Link>>[] dumps = [.. Enumerable.Range(0, 20).Select(_ => Task.Run(() => node.Rtnl.Links.ListAsync()))];
        Link[] links = await Task.WhenAll(gets);
        for (int i = 0; i < links.Length; i++)
            Assert.Equal($"a{i % 20}", links[i].Name);
        IReadOnlyList<Link>[] lists = await Task.WhenAll(dumps);
        Assert.All(lists, list => Assert.True(list.Count >= 41));
    }

    [Fact]
    public async Task Dump_Cancelled_NextDumpWorks()
    {
        await using TestNamespace node = TestNamespace.Create();
        for (int i = 0; i < 60; i++)
            await node.Rtnl.Links.CreateAsync(new VethSpec($"a{i}", $"b{i}"));
        for (int i = 0; i < 20; i++)
        {
            using var cancel = new CancellationTokenSource();
            Task<IReadOnlyList<Link>> dump = node.Rtnl.Links.ListAsync(cancellation: cancel.Token);
            await cancel.CancelAsync();
            try
            {
                await dump;
            }
            catch (OperationCanceledException)
            {
                // Either is right: the dump may have been faster.
            }
        }

        Assert.True((await node.Rtnl.Links.ListAsync()).Count >= 121);
    }

    [Fact]
    public async Task Dispose_ThenRequest_Fails()
    {
        using NetworkNamespace node = NetworkNamespace.Create();
        var rtnl = Rtnl.Open(node);
        await rtnl.DisposeAsync();
        await Assert.ThrowsAnyAsync<InvalidOperationException>(() => rtnl.Links.ListAsync());
    }

    [Fact]
    public async Task Open_HandleDisposed_ConnectionKeepsTheNamespace()
    {
        NetworkNamespace node = NetworkNamespace.Create();
        await using var rtnl = Rtnl.Open(node);
        node.Dispose();
        await rtnl.Links.CreateAsync(new BridgeSpec("br0"));
        Assert.Contains(await rtnl.Links.ListAsync(), link => link.Name == "br0");
    }
}
