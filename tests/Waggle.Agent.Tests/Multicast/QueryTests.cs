using System.Buffers.Binary;
using System.Net;
using Waggle.Agent.Multicast;

namespace Waggle.Agent.Tests.Multicast;

public sealed class QueryTests
{
    private static readonly byte[] Mac = [2, 0, 0, 0, 0, 1];

    private static QuerySpec Igmp(int version, string? group = null) => new()
    {
        SourceMac = Mac, Source = IPAddress.Parse("10.0.1.1"), Group = group is null ? null : IPAddress.Parse(group), MaxResponse = TimeSpan.FromSeconds(10), Version = version,
    };

    private static QuerySpec Mld(int version, string? group = null) => new()
    {
        SourceMac = Mac, Source = IPAddress.Parse("fe80::1"), Group = group is null ? null : IPAddress.Parse(group), MaxResponse = TimeSpan.FromSeconds(10), Version = version,
    };

    [Theory]
    [InlineData(2, 8)]
    [InlineData(3, 12)]
    public void Igmp_GeneralQuery_HasValidHeaders(int version, int body)
    {
        byte[] f = IgmpQuery.Write(Igmp(version));
        Assert.Equal(14 + 24 + body, f.Length);
        Assert.Equal([0x01, 0x00, 0x5e, 0, 0, 1], f[..6]);
        Assert.Equal(Mac, f[6..12]);
        Assert.Equal(0, InternetChecksum.Of(f.AsSpan(14, 24)));
        Assert.Equal(0, InternetChecksum.Of(f.AsSpan(38)));
        Assert.Equal(1, f[22]); // TTL
        Assert.Equal(0x94, f[34]); // Router Alert
        Assert.Equal(IPAddress.Parse("224.0.0.1"), new IPAddress(f[30..34]));
        Assert.Equal(0x11, f[38]);
        Assert.Equal(100, f[39]); // tenths of a second
        Assert.Equal(new byte[4], f[42..46]);
    }

    [Fact]
    public void Igmp_GroupSpecificQuery_GoesToTheGroup()
    {
        byte[] f = IgmpQuery.Write(Igmp(3, "225.128.0.11") with { MaxResponse = TimeSpan.FromSeconds(1), Robustness = 3, Interval = TimeSpan.FromSeconds(125) });
        Assert.Equal([0x01, 0x00, 0x5e, 0, 0, 11], f[..6]);
        Assert.Equal(IPAddress.Parse("225.128.0.11"), new IPAddress(f[30..34]));
        Assert.Equal(IPAddress.Parse("225.128.0.11"), new IPAddress(f[42..46]));
        Assert.Equal(10, f[39]);
        Assert.Equal(3, f[46]);
        Assert.Equal(125, f[47]);
    }

    [Fact]
    public void Igmp_Sources_AreListed()
    {
        byte[] f = IgmpQuery.Write(Igmp(3, "232.1.1.1") with { Sources = [IPAddress.Parse("10.0.0.5"), IPAddress.Parse("10.0.0.6")] });
        Assert.Equal(2, BinaryPrimitives.ReadUInt16BigEndian(f.AsSpan(48)));
        Assert.Equal(IPAddress.Parse("10.0.0.6"), new IPAddress(f[54..58]));
        Assert.Equal(0, InternetChecksum.Of(f.AsSpan(38)));
    }

    [Theory]
    [InlineData(1, 24)]
    [InlineData(2, 28)]
    public void Mld_GeneralQuery_HasValidHeaders(int version, int body)
    {
        byte[] f = MldQuery.Write(Mld(version));
        Assert.Equal(14 + 40 + 8 + body, f.Length);
        Assert.Equal([0x33, 0x33, 0, 0, 0, 1], f[..6]);
        Assert.Equal(1, f[21]); // hop limit
        Assert.Equal([58, 0, 5, 2, 0, 0, 1, 0], f[54..62]);
        Assert.Equal(130, f[62]);
        Assert.Equal(10_000, BinaryPrimitives.ReadUInt16BigEndian(f.AsSpan(66)));
        Assert.Equal(0, InternetChecksum.Of(f.AsSpan(62), InternetChecksum.Sum(f.AsSpan(22, 32), (uint)body + 58)));
    }

    [Fact]
    public void Mld_GroupSpecificQuery_GoesToTheGroup()
    {
        byte[] f = MldQuery.Write(Mld(2, "ff0e::1:2"));
        Assert.Equal([0x33, 0x33, 0, 1, 0, 2], f[..6]);
        Assert.Equal(IPAddress.Parse("ff0e::1:2"), new IPAddress(f[38..54]));
        Assert.Equal(IPAddress.Parse("ff0e::1:2"), new IPAddress(f[70..86]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(1000)]
    [InlineData(31744)]
    public void TimeCode8_Value_DecodesToTheNextLower(long value)
    {
        long back = QueryTimeCode.Decode8(QueryTimeCode.Encode8(value));
        Assert.InRange(back, value - value / 16, value);
    }

    [Fact]
    public void TimeCode_Largest_IsTheCap()
    {
        Assert.Equal(31744, QueryTimeCode.Decode8(QueryTimeCode.Encode8(long.MaxValue)));
        Assert.Equal(8387584, QueryTimeCode.Decode16(QueryTimeCode.Encode16(long.MaxValue)));
        Assert.Equal(40000, QueryTimeCode.Decode16(QueryTimeCode.Encode16(40000)));
    }
}
