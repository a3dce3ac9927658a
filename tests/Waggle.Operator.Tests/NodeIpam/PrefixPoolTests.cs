using System.Net;
using Waggle.Operator.NodeIpam;

namespace Waggle.Operator.Tests.NodeIpam;

public sealed class PrefixPoolTests
{
    [Fact]
    public void Take_ClusterPool_GivesTheTranscriptsPrefixes()
    {
        var pool = new PrefixPool([IPNetwork.Parse("10.0.0.0/8")], 24);
        Assert.Equal(["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"], Enumerable.Range(0, 3).Select(_ => pool.Take()!.Value.ToString()));
        Assert.Equal(65536, pool.Capacity);
    }

    [Fact]
    public void Take_Ipv6_CutsInside()
    {
        var pool = new PrefixPool([IPNetwork.Parse("fd00::/104")], 120);
        Assert.Equal(["fd00::/120", "fd00::100/120"], Enumerable.Range(0, 2).Select(_ => pool.Take()!.Value.ToString()));
    }

    [Fact]
    public void Take_Exhausted_IsNullUntilOneComesBack()
    {
        var pool = new PrefixPool([IPNetwork.Parse("10.0.0.0/25"), IPNetwork.Parse("10.9.0.0/26")], 26);
        IPNetwork[] all = [.. Enumerable.Range(0, 3).Select(_ => pool.Take()!.Value)];
        Assert.Equal("10.9.0.0/26", all[2].ToString());
        Assert.Null(pool.Take());
        pool.Release(all[1]);
        Assert.Equal(all[1], pool.Take());
        Assert.Null(pool.Take());
    }

    [Fact]
    public void Claim_OverlappingPrefix_IsRefused()
    {
        var pool = new PrefixPool([IPNetwork.Parse("10.0.0.0/8")], 24);
        Assert.True(pool.Claim(IPNetwork.Parse("10.0.0.0/24")));
        Assert.False(pool.Claim(IPNetwork.Parse("10.0.0.0/24")));
        Assert.False(pool.Claim(IPNetwork.Parse("10.0.0.128/25")));
        Assert.True(pool.Claim(IPNetwork.Parse("172.16.0.0/24")));
        Assert.Equal("10.0.1.0/24", pool.Take()!.Value.ToString());
    }
}
