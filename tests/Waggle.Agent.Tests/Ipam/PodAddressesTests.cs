using System.Net;
using System.Net.Sockets;
using Waggle.Agent.Ipam;

namespace Waggle.Agent.Tests.Ipam;

public sealed class PodAddressesTests
{
    private static PodAddresses With(params string[] networks)
    {
        var addresses = new PodAddresses();
        addresses.SetNetworks([.. networks.Select(n => IPNetwork.Parse(n))]);
        return addresses;
    }

    [Fact]
    public void Take_WholePrefix_GivesEveryUsableAddressOnceThenSaysWhatToDo()
    {
        PodAddresses pool = With("10.0.1.0/28");
        var seen = new HashSet<IPAddress>();
        for (int i = 0; i < 14; i++)
        {
            Assert.True(seen.Add(pool.Take($"ep{i}", AddressFamily.InterNetwork)));
        }

        Assert.DoesNotContain(IPAddress.Parse("10.0.1.0"), seen);
        Assert.DoesNotContain(IPAddress.Parse("10.0.1.15"), seen);
        IpamExhaustedException e = Assert.Throws<IpamExhaustedException>(() => pool.Take("more", AddressFamily.InterNetwork));
        Assert.Contains("10.0.1.0/28", e.Message);
        Assert.Contains("cluster-pool-ipv4-mask-size", e.Message);
        Assert.Equal((14, 14), pool.Usage(AddressFamily.InterNetwork));
    }

    [Fact]
    public void Take_NoPrefix_NamesTheOperator() =>
        Assert.Contains("operator", Assert.Throws<IpamExhaustedException>(() => new PodAddresses().Take("a", AddressFamily.InterNetwork)).Message);

    [Fact]
    public void Take_SameOwnerAgain_GetsTheSameAddress()
    {
        PodAddresses pool = With("10.0.1.0/24", "fd00::/120");
        Assert.Equal(pool.Take("a", AddressFamily.InterNetwork), pool.Take("a", AddressFamily.InterNetwork));
        Assert.Equal(pool.Take("a", AddressFamily.InterNetworkV6), pool.Take("a", AddressFamily.InterNetworkV6));
        Assert.Equal(2, pool.InUse().Count);
    }

    [Fact]
    public void Release_ThenTake_AFreedAddressRestsLongest()
    {
        PodAddresses pool = With("10.0.1.0/29"); // 6 usable
        IPAddress first = pool.Take("a", AddressFamily.InterNetwork);
        pool.Take("b", AddressFamily.InterNetwork);
        pool.Release("a");
        IPAddress[] next = [.. Enumerable.Range(0, 5).Select(i => pool.Take($"c{i}", AddressFamily.InterNetwork))];
        Assert.Equal(first, next[^1]);
    }

    [Fact]
    public void TakeAndRelease_TenThousandTimes_LeavesNothingBehind()
    {
        PodAddresses pool = With("10.0.1.0/24");
        for (int i = 0; i < 10_000; i++)
        {
            pool.Take($"ep{i}", AddressFamily.InterNetwork);
            pool.Release($"ep{i}");
            pool.Release($"ep{i}");
        }

        Assert.Equal((0, 254), pool.Usage(AddressFamily.InterNetwork));
        Assert.Empty(pool.InUse());
    }

    [Fact]
    public void Claim_RestoredAddress_IsNotGivenToAnother()
    {
        var pool = new PodAddresses();
        Assert.True(pool.Claim("old", IPAddress.Parse("10.0.1.1"))); // before the prefixes are known
        pool.SetNetworks([IPNetwork.Parse("10.0.1.0/30")]);
        Assert.False(pool.Claim("other", IPAddress.Parse("10.0.1.1")));
        Assert.Equal(IPAddress.Parse("10.0.1.2"), pool.Take("new", AddressFamily.InterNetwork));
        Assert.Throws<IpamExhaustedException>(() => pool.Take("third", AddressFamily.InterNetwork));
    }

    [Fact]
    public void SetNetworks_PrefixTakenAway_StaysWhileInUse()
    {
        PodAddresses pool = With("10.0.1.0/24");
        pool.Take("a", AddressFamily.InterNetwork);
        pool.SetNetworks([IPNetwork.Parse("10.0.2.0/24")]);
        Assert.Equal(2, pool.Networks.Count);
        pool.Release("a");
        pool.SetNetworks([IPNetwork.Parse("10.0.2.0/24")]);
        Assert.Equal("10.0.2.0/24", Assert.Single(pool.Networks).ToString());
    }

    [Theory]
    [InlineData("fd00::/120", 254)]
    [InlineData("fd00::/64", 65534)]
    [InlineData("10.0.0.0/30", 2)]
    [InlineData("10.0.0.0/31", 0)]
    [InlineData("10.0.0.0/32", 0)]
    public void Usage_Prefix_CountsUsableAddresses(string network, int capacity) =>
        Assert.Equal(capacity, new AddressPool(IPNetwork.Parse(network)).Capacity);
}
