using Waggle.Linux;

namespace Waggle.Netlink.Tests.Traffic;

public sealed class TrafficTests
{
    [Fact]
    public async Task Clsact_EnsureDelete_Idempotent()
    {
        await using TestNamespace node = TestNamespace.Create();
        (Link a, _) = await node.VethAsync();
        await node.Rtnl.Traffic.EnsureClsactAsync(a.Index);
        await node.Rtnl.Traffic.EnsureClsactAsync(a.Index);
        Assert.Contains(await node.Rtnl.Traffic.ListQdiscsAsync(a.Index), qdisc => qdisc is { Kind: "clsact" } && qdisc.Parent == TrafficHandle.Clsact);
        Assert.Contains(await node.WitnessAsync("tc", "qdisc", "show", "dev", "a"), qdisc => (string?)qdisc!["kind"] == "clsact");
        Assert.True(await node.Rtnl.Traffic.DeleteClsactAsync(a.Index));
        Assert.False(await node.Rtnl.Traffic.DeleteClsactAsync(a.Index));
        Assert.False(await node.Rtnl.Traffic.DeleteClsactAsync(4711));
    }

    [Theory]
    [InlineData(TrafficDirection.Ingress)]
    [InlineData(TrafficDirection.Egress)]
    public async Task Filter_AddReplaceListDelete_AsTcShowsIt(TrafficDirection direction)
    {
        await using TestNamespace node = TestNamespace.Create();
        (Link a, _) = await node.VethAsync();
        using FileDescriptor first = TestProgram.Load();
        using FileDescriptor second = TestProgram.Load();
        var filter = new BpfFilter(a.Index, direction) { Priority = 3, Handle = 7, Name = "wgt-pod" };
        Assert.False(await node.Rtnl.Traffic.DeleteFilterAsync(filter)); // no clsact yet
        Assert.Empty(await node.Rtnl.Traffic.ListFiltersAsync(a.Index, direction));

        await node.Rtnl.Traffic.EnsureClsactAsync(a.Index);
        Assert.False(await node.Rtnl.Traffic.DeleteFilterAsync(filter));
        await node.Rtnl.Traffic.AddFilterAsync(filter, first);
        var taken = await Assert.ThrowsAsync<NetlinkException>(() => node.Rtnl.Traffic.AddFilterAsync(filter, second));
        Assert.Equal(Errno.EEXIST, taken.Errno);
        BpfFilter listed = Assert.Single(await node.Rtnl.Traffic.ListFiltersAsync(a.Index, direction));
        Assert.Equal(filter, listed with { ProgramId = 0, Tag = null });
        Assert.NotEqual(0u, listed.ProgramId);
        Assert.Equal(16, listed.Tag!.Length);

        await node.Rtnl.Traffic.ReplaceFilterAsync(filter, second);
        BpfFilter replaced = Assert.Single(await node.Rtnl.Traffic.ListFiltersAsync(a.Index, direction));
        Assert.NotEqual(listed.ProgramId, replaced.ProgramId);
        var shown = await node.WitnessAsync("tc", "filter", "show", "dev", "a", direction.ToString().ToLowerInvariant());
        Assert.Contains(shown, entry => (string?)entry!["options"]?["bpf_name"] == "wgt-pod" && (bool)entry["options"]!["direct-action"]!);

        Assert.True(await node.Rtnl.Traffic.DeleteFilterAsync(filter));
        Assert.False(await node.Rtnl.Traffic.DeleteFilterAsync(filter));
        Assert.Empty(await node.Rtnl.Traffic.ListFiltersAsync(a.Index, direction));
    }

    [Fact]
    public async Task AddFilter_NotAProgram_RefusedNamingTheLink()
    {
        await using TestNamespace node = TestNamespace.Create();
        (Link a, _) = await node.VethAsync();
        await node.Rtnl.Traffic.EnsureClsactAsync(a.Index);
        using FileDescriptor none = FileDescriptor.Open("/dev/null");
        var e = await Assert.ThrowsAsync<NetlinkException>(() => node.Rtnl.Traffic.AddFilterAsync(new BpfFilter(a.Index, TrafficDirection.Ingress), none));
        Assert.Contains($"ingress of link #{a.Index}", e.Message);
    }
}
