using System.Net;
using Waggle.Agent.Config;
using Waggle.Agent.Datapath;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Identities;
using Waggle.Agent.IpCache;
using Waggle.Agent.Ipam;
using Waggle.Agent.Limits;
using Waggle.Agent.Multicast;
using Waggle.Agent.Policy;
using Waggle.Hosting.Config;
using Waggle.Policy.Compile;
using Waggle.State.Tables;

namespace Waggle.Agent.Tests.Limits;

/// <summary>The list of limits, of what other parts of the agent say they use.</summary>
public sealed class NodeLimitsTests
{
    private readonly StateDb _db = new();
    private readonly PolicyCounts _policy;
    private readonly PodAddresses _addresses = new();
    private readonly GroupTable _groups;
    private readonly NodeLimits _limits;

    public NodeLimitsTests()
    {
        _policy = new PolicyCounts(new EndpointTable(_db));
        _groups = new GroupTable(_db);
        WaggleConfig config = WaggleConfig.Parse([KeyValuePair.Create("multicast-max-groups", "4")], out IReadOnlyList<string> problems, out _);
        Assert.Empty(problems);
        _limits = new NodeLimits(_policy, new DatapathState(), new IpCacheTable(_db), _addresses, _groups, new ConfigState(config, _db));
    }

    [Fact]
    public void Read_BeforeAnythingIsThere_HasWhatNeedsNothing_AndNothingIsNear()
    {
        IReadOnlyList<NodeLimit> all = _limits.Read();
        Assert.Equal(["rules told apart in counters and events", "prefixes with an identity", "multicast groups"], all.Select(l => l.Name));
        Assert.All(all, l => Assert.Equal((0L, false), (l.Used, l.IsNear)));
        Assert.All(all, l => Assert.NotEqual(("", 0L), (l.WhenFull, l.Max)));
        Assert.Equal(all.Count, all.Select(l => l.Name).Distinct().Count()); // the metric's label
    }

    [Fact]
    public void Read_OfPolicysMaps_SaysWhoRaisesThem()
    {
        _policy.Set(new PolicyUsage(1, 2, 3, 4, 5, 6, 7, Rules: 8, Cidrs: 9), revision: 1, peers: 79, peersMax: 100, rules: 80, rulesMax: 100, subjects: 1, subjectsMax: 0);
        NodeLimit peers = Find("rows of map policy_peers"), rules = Find("rows of map policy_rules");
        Assert.Equal((79L, 100L, "bpf-policy-map-max", false), (peers.Used, peers.Max, peers.Key, peers.IsNear));
        Assert.Equal((80L, 100L, "bpf-policy-rules-map-max", true), (rules.Used, rules.Max, rules.Key, rules.IsNear));
        Assert.DoesNotContain(_limits.Read(), l => l.Name.Contains("policy_subjects", StringComparison.Ordinal)); // a map without a size is not known yet
        Assert.Equal((8L, 9L, (long)CidrIdentities.Limit), (Find("rules told apart in counters and events").Used, Find("prefixes with an identity").Used, Find("prefixes with an identity").Max));
    }

    [Fact]
    public void Read_WhenMoreIsAskedForThanFits_IsNearAtAnyUse()
    {
        _policy.Set(new PolicyUsage(0, 0, 0, 0, 0, 0, 0, 0, 0), 1, 10, 100, 10, 100, 10, 100);
        _policy.Behind(2, new Dictionary<string, long> { ["peers"] = 1000, ["cidrs"] = 40000 });
        Assert.Equal((1000L, true), (Find("rows of map policy_peers").Asked, Find("rows of map policy_peers").IsNear));
        Assert.Equal((0L, false), (Find("rows of map policy_rules").Asked, Find("rows of map policy_rules").IsNear));
        Assert.Equal((40000L, true), (Find("prefixes with an identity").Asked, Find("prefixes with an identity").IsNear));
        Assert.Equal("1000", Find("rows of map policy_peers").Json()["asked"]!.ToJsonString());
        Assert.Null(Find("rows of map policy_rules").Json()["asked"]);
    }

    [Fact]
    public void Read_OfAddresses_IsPerFamily_AndOnlyWhereThereAreAny()
    {
        _addresses.SetNetworks([IPNetwork.Parse("10.0.1.0/29")]);
        Assert.DoesNotContain(_limits.Read(), l => l.Name.StartsWith("IPv6", StringComparison.Ordinal));
        NodeLimit before = Find("IPv4 addresses for pods");
        for (long i = before.Used; i < before.Max; i++)
        {
            _addresses.Take($"pod{i}", System.Net.Sockets.AddressFamily.InterNetwork);
        }

        NodeLimit full = Find("IPv4 addresses for pods");
        Assert.Equal((0L, before.Max, before.Max, 1.0, true), (before.Used, full.Used, full.Max, full.Share, full.IsNear));
    }

    [Fact]
    public void Read_OfGroups_CountsThemAgainstTheConfiguration()
    {
        for (int i = 1; i <= 4; i++)
        {
            Assert.Equal(i > 3, AddGroup($"239.0.0.{i}").IsNear);
        }

        Assert.Equal((4L, 4L, "multicast-max-groups"), (Find("multicast groups").Used, Find("multicast groups").Max, Find("multicast groups").Key));
    }

    private NodeLimit AddGroup(string group)
    {
        _groups.Upsert(new GroupRow(IPAddress.Parse(group), ["g"]));
        return Find("multicast groups");
    }

    private NodeLimit Find(string name) => Assert.Single(_limits.Read(), l => l.Name == name);
}
