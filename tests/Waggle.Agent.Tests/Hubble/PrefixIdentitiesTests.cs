using System.Net;
using Waggle.Agent.Hubble;
using Waggle.Hubble.Flows;

namespace Waggle.Agent.Tests.Hubble;

public sealed class PrefixIdentitiesTests
{
    [Fact]
    public void Find_LongestPrefixOfItsFamily_Wins()
    {
        var prefixes = new PrefixIdentities();
        Set("0.0.0.0/0", 1);
        Set("10.0.0.0/8", 2);
        Set("10.1.2.0/23", 3);
        Set("10.1.2.3/32", 4);
        Set("::/0", 5);
        Set("fd00::/16", 6);
        Set("fd00:0:0:1::/64", 7);
        Set("fd00::1:0:0:0:0/65", 8);
        Set("fd00::1:8000:0:0:1/128", 9);
        Assert.Equal([1u, 2, 3, 4, 5, 6, 7, 8, 9], new[] { "9.9.9.9", "10.9.9.9", "10.1.3.255", "10.1.2.3", "2001:db8::1", "fd00:1::", "fd00::1:8000:0:0:2", "fd00::1:7fff:0:0:2", "fd00::1:8000:0:0:1" }.Select(Find));

        prefixes.Remove(IPNetwork.Parse("10.1.2.3/32"));
        prefixes.Remove(IPNetwork.Parse("10.1.2.3/32"));
        prefixes.Remove(IPNetwork.Parse("0.0.0.0/0"));
        Set("10.0.0.0/8", 20);
        Assert.Equal([3u, 20, 0], new[] { "10.1.2.3", "10.9.9.9", "9.9.9.9" }.Select(Find));

        void Set(string prefix, uint identity) => prefixes.Set(IPNetwork.Parse(prefix), identity);

        uint Find(string address) => prefixes.Find(FlowAddress.TryParse(address, out FlowAddress a) ? a : default);
    }
}
