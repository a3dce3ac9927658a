using Waggle.Policy.Compile;
using Waggle.Policy.Labels;
using Waggle.Policy.Rules;

namespace Waggle.Policy.Tests.Compile;

public sealed class EngineTests
{
    private const string AllowB = """{"endpointSelector":{"matchLabels":{"app":"a"}},"ingress":[{"fromEndpoints":[{"matchLabels":{"app":"b"}}],"toPorts":[{"ports":[{"port":"80","protocol":"TCP"}]}]}]}""";

    [Fact]
    public void Commit_WithEqualRules_SharesOneTable()
    {
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions(), "a", "a", "a", "b");
        engine.UpsertPolicy(Policies.Cilium(AllowB));
        ChangeSet change = engine.Commit();
        Assert.Single(change.NewTables);
        Assert.Equal([1u, 2, 3], change.Subjects.Where(s => s.Ingress.IsOn).Select(s => s.Subject));
        Assert.Single(change.Subjects.Where(s => s.Ingress.IsOn).Select(s => s.Ingress).Distinct());
    }

    [Fact]
    public void Identity_ThatAppears_IsOneRowAndNoNewClass()
    {
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions(), "a", "b");
        engine.UpsertPolicy(Policies.Cilium(AllowB));
        ChangeSet first = engine.Commit();
        engine.UpsertIdentity(2000, Policies.Pod("app=b", "more=labels"));
        ChangeSet second = engine.Commit();
        TableDelta delta = Assert.Single(second.Deltas);
        Assert.Empty(second.NewTables);
        Assert.Empty(second.Subjects);
        Assert.Empty(delta.AddPorts);
        Assert.Equal(first.NewTables[0].Peers.Single().Value, Assert.Single(delta.SetPeers).Value);
        // What was refused has left no connection behind: nothing to look at again.
        Assert.False(second.VerdictsMayChange);

        engine.RemoveIdentity(2000);
        ChangeSet third = engine.Commit();
        Assert.Equal([2000u], Assert.Single(third.Deltas).RemovePeers);
        Assert.True(third.VerdictsMayChange);
    }

    [Fact]
    public void Policy_ThatChanges_TouchesOnlyWhatItSelects()
    {
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions(), "a", "b", "c");
        engine.UpsertPolicy(Policies.Cilium(AllowB));
        engine.UpsertPolicy(Policies.Cilium("""{"endpointSelector":{"matchLabels":{"app":"c"}},"egress":[{}]}""", "q"));
        long before = engine.Commit().Revision;
        engine.UpsertPolicy(Policies.Cilium("""{"endpointSelector":{"matchLabels":{"app":"c"}},"egress":[{"toEntities":["world"]}]}""", "q"));
        ChangeSet change = engine.Commit();
        Assert.Equal(before + 1, change.Revision);
        Assert.Equal(3u, Assert.Single(change.Subjects).Subject);
        Assert.Single(change.NewTables);
        Assert.Single(change.RemovedTables);
        Assert.Equal([3u], engine.SubjectsOf(new PolicyKey(PolicyKind.CiliumNetworkPolicy, "default", "q")));
    }

    [Fact]
    public void RuleNumbers_OfAnEditedPolicy_Stay()
    {
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions(), "a", "b");
        engine.UpsertPolicy(Policies.Cilium(AllowB));
        engine.Commit();
        uint rule = engine.Evaluate(1, Direction.Ingress, 1001, 6, 80).Rule;
        engine.UpsertPolicy(Policies.Cilium(AllowB.Replace("\"80\"", "\"81\"", StringComparison.Ordinal)));
        engine.Commit();
        Assert.Equal(rule, engine.Evaluate(1, Direction.Ingress, 1001, 6, 81).Rule);
        RulePlace place = Assert.Single(engine.Describe(rule)!.Places);
        Assert.Equal(("/spec/ingress/0", 0, "p"), (place.Pointer, place.Section, place.Policy.Name));
    }

    [Fact]
    public void RuleNumbers_WhenTheyRunOut_StillDecide()
    {
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions { MaxRules = 3 }, "a", "b");
        engine.UpsertPolicy(Policies.Cilium(AllowB));
        engine.Commit();
        Verdict verdict = engine.Evaluate(1, Direction.Ingress, 1001, 6, 80);
        Assert.True(verdict.Decision.IsAllowed);
        Assert.Equal(RuleOriginKind.Unattributed, engine.Describe(verdict.Rule)!.Kind);
    }

    [Fact]
    public void RuleNumbers_ThatAreFree_RestForACommit()
    {
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions(), "a", "b");
        engine.UpsertPolicy(Policies.Cilium(AllowB));
        engine.Commit();
        uint rule = engine.Evaluate(1, Direction.Ingress, 1001, 6, 80).Rule;
        engine.RemovePolicy(new PolicyKey(PolicyKind.CiliumNetworkPolicy, "default", "p"));
        ChangeSet change = engine.Commit();
        Assert.Contains(rule, change.FreedRules);
        Assert.Null(engine.Describe(rule));
        Assert.Equal(0, engine.Usage().Rules);
    }

    [Fact]
    public void Table_ThatDoesNotFit_LeavesTheLastCompletePolicy()
    {
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions { MaxPeers = 3, MaxPorts = 100 }, "a", "b", "c", "c", "c");
        engine.UpsertPolicy(Policies.Cilium(AllowB));
        ChangeSet first = engine.Commit();
        engine.UpsertPolicy(Policies.Cilium("""{"endpointSelector":{"matchLabels":{"app":"a"}},"ingress":[{"fromEndpoints":[{"matchLabels":{"app":"c"}}]}]}"""));
        ChangeSet second = engine.Commit();
        DoesNotFit unfit = Assert.Single(second.Unfit);
        Assert.Equal((1u, "peers", 4L, 3L, first.Revision), (unfit.Subject, unfit.Limit, unfit.Needed, unfit.Most, unfit.KeptRevision));
        Assert.Empty(second.Subjects);
        Assert.Empty(second.RemovedTables);
        Assert.True(engine.Evaluate(1, Direction.Ingress, 1001, 6, 80).Decision.IsAllowed);
        Assert.False(engine.Evaluate(1, Direction.Ingress, 1002, 6, 80).Decision.IsAllowed);

        // Room again: fewer peers.
        engine.RemoveIdentity(1004);
        engine.RemoveIdentity(1003);
        ChangeSet third = engine.Commit();
        Assert.Empty(third.Unfit);
        Assert.True(engine.Evaluate(1, Direction.Ingress, 1002, 6, 80).Decision.IsAllowed);
    }

    [Fact]
    public void Table_ThatDoesNotFit_WithNoneBefore_IsClosed()
    {
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions { MaxPeers = 0 }, "a", "b");
        engine.UpsertPolicy(Policies.Cilium(AllowB));
        ChangeSet change = engine.Commit();
        Assert.Equal(SubjectSide.Closed, change.Subjects.Single(s => s.Subject == 1).Ingress);
        Assert.Equal(0, Assert.Single(change.Unfit).KeptRevision);
        Assert.False(engine.Evaluate(1, Direction.Ingress, 1001, 6, 80).Decision.IsAllowed);
    }

    [Fact]
    public void Peer_ThatMustBeDeniedButHasNoRoom_ClosesTheTableToStrangers()
    {
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions { MaxPeers = 1 }, "a", "b");
        engine.UpsertPolicy(Policies.Cilium("""{"endpointSelector":{"matchLabels":{"app":"a"}},"ingress":[{"fromEntities":["all"]}],"ingressDeny":[{"fromEndpoints":[{"matchLabels":{"app":"b"}}]}]}"""));
        engine.Commit();
        Assert.True(engine.Evaluate(1, Direction.Ingress, 9, 6, 80).Decision.IsAllowed);
        engine.UpsertIdentity(2000, Policies.Pod("app=b", "n=2"));
        ChangeSet full = engine.Commit();
        Assert.Equal("peers", Assert.Single(full.Unfit).Limit);
        Assert.Equal(SubjectSide.Closed.Other, Assert.Single(full.Subjects).Ingress.Other);
        Assert.False(engine.Evaluate(1, Direction.Ingress, 2000, 6, 80).Decision.IsAllowed);
        engine.RemoveIdentity(2000);
        ChangeSet again = engine.Commit();
        Assert.Empty(again.Unfit);
        Assert.Single(again.Subjects);
        Assert.True(engine.Evaluate(1, Direction.Ingress, 9, 6, 80).Decision.IsAllowed);
    }

    [Fact]
    public void Cidrs_BeyondTheLimit_RefuseThePolicyWhole()
    {
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions { MaxCidrs = 2 }, "a");
        Assert.True(engine.UpsertPolicy(Policies.Cilium("""{"endpointSelector":{},"egress":[{"toCIDRSet":[{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}]}]}""")));
        Assert.False(engine.UpsertPolicy(Policies.Cilium("""{"endpointSelector":{},"egress":[{"toCIDR":["192.0.2.0/24"]}]}""", "q")));
        ChangeSet change = engine.Commit();
        Assert.Equal(("cidrs", "q"), (Assert.Single(change.Unfit).Limit, change.Unfit[0].Policy!.Value.Name));
        Assert.Equal(["10.0.0.0/8", "10.1.0.0/16"], change.AddedCidrs.Select(c => c.ToString()));
        engine.RemovePolicy(new PolicyKey(PolicyKind.CiliumNetworkPolicy, "default", "p"));
        Assert.Equal(2, engine.Commit().RemovedCidrs.Count);
    }

    [Fact]
    public void Protected_Allow_WinsOverDeniesAndTurnsNothingOn()
    {
        var engine = new PolicyEngine(new PolicyEngineOptions());
        LabelSet host = LabelSet.Parse("reserved:host"), api = LabelSet.Parse("reserved:remote-node", "reserved:kube-apiserver");
        engine.UpsertIdentity(1, host);
        engine.UpsertIdentity(7, api);
        engine.UpsertSubject(1, new SubjectSpec { Identity = 1, Labels = host, IsHost = true });
        const string safety = """ "spec":{"nodeSelector":{},"egress":[{"toEntities":["kube-apiserver"],"toPorts":[{"ports":[{"port":"6443","protocol":"TCP"}]}]}]} """;
        engine.UpsertPolicy(Policies.Parse(PolicyKind.CiliumClusterwideNetworkPolicy, safety, "safety") with { IsProtected = true });
        Assert.False(engine.Commit().Subjects.Single().Egress.IsOn);
        engine.UpsertPolicy(Policies.Parse(PolicyKind.CiliumClusterwideNetworkPolicy, """ "spec":{"nodeSelector":{},"egressDeny":[{"toEntities":["all"]}]} """, "cut"));
        engine.Commit();
        Assert.True(engine.Evaluate(1, Direction.Egress, 7, 6, 6443).Decision.IsAllowed);
        Assert.False(engine.Evaluate(1, Direction.Egress, 7, 6, 22).Decision.IsAllowed);
    }

    [Fact]
    public void Trial_OfOnePolicy_LeavesTheVerdictAndShowsItsShadow()
    {
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions(), "a", "b", "c");
        engine.UpsertPolicy(Policies.Cilium(AllowB, "p", """{"policy.waggle.io/mode":"audit"}"""));
        engine.Commit();
        Verdict verdict = engine.Evaluate(1, Direction.Ingress, 1002, 6, 80);
        Assert.Equal((Decision.DefaultAllow, 0u, Decision.DefaultDeny), (verdict.Decision, verdict.Rule, verdict.Shadow));
        Assert.Equal(RuleOriginKind.DefaultDeny, engine.Describe(verdict.ShadowRule)!.Kind);
        Assert.True(engine.Evaluate(1, Direction.Ingress, 1001, 6, 80).Shadow.IsAllowed);
    }

    [Theory]
    [InlineData(PolicyMatch.PeerAndPort, """{"fromEndpoints":[{"matchLabels":{"app":"b"}}],"toPorts":[{"ports":[{"port":"80"}]}]}""")]
    [InlineData(PolicyMatch.PeerOnly, """{"fromEndpoints":[{"matchLabels":{"app":"b"}}]}""")]
    [InlineData(PolicyMatch.PortOnly, """{"toPorts":[{"ports":[{"port":"80"}]}]}""")]
    [InlineData(PolicyMatch.All, """{"fromEntities":["all"]}""")]
    [InlineData(PolicyMatch.PeerAndProtocol, """{"fromEndpoints":[{"matchLabels":{"app":"b"}}],"toPorts":[{"ports":[{"port":"0","protocol":"TCP"}]}]}""")]
    [InlineData(PolicyMatch.ProtocolOnly, """{"toPorts":[{"ports":[{"port":"0","protocol":"TCP"}]}]}""")]
    [InlineData(PolicyMatch.None, """{}""")]
    public void Match_OfTheVerdict_SaysWhatTheRuleLookedAt(PolicyMatch match, string section)
    {
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions(), "a", "b");
        engine.UpsertPolicy(Policies.Cilium("""{"endpointSelector":{"matchLabels":{"app":"a"}},"ingress":[SECTION]}""".Replace("SECTION", section, StringComparison.Ordinal)));
        engine.Commit();
        Verdict verdict = engine.Evaluate(1, Direction.Ingress, 1001, 6, 80);
        Assert.Equal(match, verdict.Decision.Match);
        Assert.Equal(verdict.Decision, Decision.FromByte(verdict.Decision.ToByte()));
    }

    [Fact]
    public void Ranges_OfPorts_UseAtMostFivePrefixLengths()
    {
        PolicyEngine engine = Policies.Engine(new PolicyEngineOptions(), "a", "b");
        engine.UpsertPolicy(Policies.Cilium("""{"endpointSelector":{},"ingress":[{"toPorts":[{"ports":[{"port":"1000","endPort":2000,"protocol":"TCP"},{"port":"30000","endPort":32767,"protocol":"TCP"},{"port":"80","protocol":"TCP"}]}]}]}"""));
        TableImage table = Assert.Single(engine.Commit().NewTables);
        Assert.True(table.Ports.Select(p => p.Key.PrefixLength).Distinct().Count() <= 5);
        Assert.True(table.Ports.Count < 120, $"{table.Ports.Count} rows");
        foreach (int port in (int[])[80, 1000, 1500, 2000, 30000, 32767])
        {
            Assert.True(engine.Evaluate(1, Direction.Ingress, 9, 6, (ushort)port).Decision.IsAllowed);
        }

        foreach (int port in (int[])[79, 81, 999, 2001, 29999, 32768, 0, 65535])
        {
            Assert.False(engine.Evaluate(1, Direction.Ingress, 9, 6, (ushort)port).Decision.IsAllowed);
        }
    }
}
