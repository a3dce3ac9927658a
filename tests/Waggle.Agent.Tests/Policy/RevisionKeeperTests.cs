using Waggle.Agent.Policy;

namespace Waggle.Agent.Tests.Policy;

public sealed class RevisionKeeperTests
{
    private readonly RevisionKeeper _keeper = new();

    [Fact]
    public void NeedsRaise_UntilTheFirstRaise_ForEverybody()
    {
        Assert.True(_keeper.NeedsRaise(1000, false)); // what an earlier agent did is not known
        _keeper.Raised();
        Assert.False(_keeper.NeedsRaise(1000, false));
    }

    [Fact]
    public void NeedsRaise_ForTheNode_AndForIdentitiesWithAnotherSubject()
    {
        _keeper.Raised();
        Assert.True(_keeper.NeedsRaise(null, false));
        Assert.True(_keeper.NeedsRaise(1000, true));
        Assert.False(_keeper.NeedsRaise(1001, false));
    }

    [Fact]
    public void NeedsRaise_AfterWhatVerdictsFollowFromChanged_OrASubjectOfTheIdentityWent()
    {
        _keeper.Raised();
        _keeper.SubjectGone(1000);
        Assert.True(_keeper.NeedsRaise(1000, false));
        Assert.False(_keeper.NeedsRaise(1001, false));
        _keeper.Changed();
        Assert.True(_keeper.NeedsRaise(1001, false));
        _keeper.Raised();
        Assert.False(_keeper.NeedsRaise(1000, false));
    }

    /// <summary>In a live agent: pods with labels that nobody had come and go, and are under policy, without every connection being decided on again.</summary>
    [Fact]
    public async Task NewPods_DoNotRaiseTheRevision_AndHaveTheirPolicy()
    {
        await using PolicyLab lab = await PolicyLab.StartAsync(1);
        Peer web = await lab.AddPodAsync(0, "default", "web", [("app", "web")]);
        await lab.ApplyAsync("""
            apiVersion: cilium.io/v2
            kind: CiliumNetworkPolicy
            metadata: {name: p}
            spec:
              endpointSelector: {matchExpressions: [{key: guest, operator: Exists}]}
              ingress: [{fromEndpoints: [{matchLabels: {app: nobody}}]}]
            """);
        var starts = new List<(long Before, long After)>();
        for (int i = 0; i < 5; i++)
        {
            long before = await RevisionAsync(lab);
            Peer guest = await lab.AddPodAsync(0, "default", $"guest{i}", [("guest", $"{i}")]);
            starts.Add((before, await RevisionAsync(lab)));
            await lab.ExpectAsync($"guest {i}", [new(web, guest, "tcp", 80, false), new(guest, web, "tcp", 80, false)], c => c.To == web);
        }

        // The first one may: the agent does not know yet what was before it. Something else may, too, but not each time.
        Assert.Contains(starts, s => s.Before == s.After);
    }

    private static async Task<long> RevisionAsync(PolicyLab lab) =>
        long.Parse((await PolicyLab.UntilAsync("the revision", async () => (await lab.Nodes[0].TryGetAsync("/v1/policy"))?["kernelRevision"])).ToString());
}
