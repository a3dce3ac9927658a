using System.Net;
using System.Text.RegularExpressions;
using Waggle.Agent.Multicast;

namespace Waggle.Agent.Tests.Multicast;

public sealed class GroupAddressTests
{
    public static TheoryData<string> Good => ["225.0.0.11", "224.0.1.0", "224.1.0.0", "239.255.255.255", "232.1.1.1", "ff0e::1", "ff05::1:3", "FF3E::8000:1", "ff0e:0:0:0:0:0:0:1"];

    public static TheoryData<string> Bad =>
    [
        "", "10.0.0.1", "223.255.255.255", "240.0.0.1", "224.0.0.0", "224.0.0.1", "224.0.0.251", "224.0.0.255", "225.0.0.256", "225.0.0", "225.0.0.011", "225.0.0.1 ", "0xe1.0.0.1",
        "3774873611", "fe80::1", "::1", "ff01::1", "ff02::1", "ff12::5", "ff00::1", "::ffff:225.0.0.1", "ff0e::1%eth0", "[ff0e::1]", "ff0e", "225.0.0.1/32", "255.255.255.255", "abc",
    ];

    [Theory, MemberData(nameof(Good))]
    public void TryParse_UsableGroup_IsTaken(string text)
    {
        Assert.True(GroupAddress.TryParse(text, out IPAddress group, out string problem), problem);
        Assert.Equal(IPAddress.Parse(text), group);
    }

    [Theory, MemberData(nameof(Bad))]
    public void TryParse_UnusableGroup_SaysWhy(string text)
    {
        Assert.False(GroupAddress.TryParse(text, out _, out string problem));
        Assert.NotEmpty(problem);
    }

    /// <summary>The pattern in the CRD (which a real API server checks) and our check agree.</summary>
    [Theory, MemberData(nameof(Good)), MemberData(nameof(Bad))]
    public void CrdPattern_SameAddresses_Agree(string text) =>
        Assert.Equal(GroupAddress.TryParse(text, out _, out _), Regex.IsMatch(text, CrdPattern()));

    private static string CrdPattern()
    {
        string crd = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "crds", "isovalentmulticastgroups.yaml"));
        return Regex.Match(crd, "pattern: '([^']+)'").Groups[1].Value;
    }
}
