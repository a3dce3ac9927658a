using Waggle.Linux;

namespace Waggle.Netlink.Tests.Connection;

/// <summary>Counts descriptors of the process, so nothing else may run meanwhile.</summary>
[CollectionDefinition(nameof(LeakTests), DisableParallelization = true)]
[Collection(nameof(LeakTests))]
public sealed class LeakTests
{
    [Fact]
    public async Task OpenUseClose_ManyTimes_NoDescriptorIsLeft()
    {
        await UseOnceAsync(); // whatever the runtime opens for itself
        int before = CountDescriptors();
        for (int i = 0; i < 50; i++)
            await UseOnceAsync();
        Assert.InRange(CountDescriptors(), 0, before + 5); // a leak would be 50 at least

        static async Task UseOnceAsync()
        {
            using NetworkNamespace node = NetworkNamespace.Create();
            await using var rtnl = Rtnl.Open(node);
            using var monitor = RtnlMonitor.Open(RtnlGroups.Links, node);
            await rtnl.Links.SetLoopbackUpAsync();
            await rtnl.Links.CreateAsync(new VethSpec("a", "b"));
            await Assert.ThrowsAsync<NetlinkException>(() => rtnl.Links.GetAsync("nope"));
        }
    }

    private static int CountDescriptors() => Directory.GetFiles("/proc/self/fd").Length;
}
