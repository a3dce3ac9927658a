using Waggle.Agent.Policy.Audit;
using Waggle.Policy.Compile;
using Waggle.Policy.Rules;

namespace Waggle.Agent.Tests.Policy.Audit;

public sealed class AuditStoreTests
{
    private readonly AuditStore _store = new(TimeProvider.System);

    [Fact]
    public void Add_OfManyPairs_KeepsTheLatestAndCountsTheForgotten()
    {
        for (int i = 0; i < AuditStore.MaxPairs + 10; i++)
        {
            _store.Add(Pair($"pod{i}"), 6, 80, "");
            _store.Add(Pair("busy"), 6, 80, "");
        }

        IReadOnlyList<AuditEntry> entries = _store.Read();
        Assert.Equal(AuditStore.MaxPairs, entries.Count);
        Assert.Equal(11, _store.Evicted); // the busy one takes a place, too
        Assert.Equal(AuditStore.MaxPairs + 10, entries.Single(e => e.Pair.Source == "busy").Count);
        Assert.DoesNotContain(entries, e => e.Pair.Source == "pod0");
        Assert.Contains(entries, e => e.Pair.Source == $"pod{AuditStore.MaxPairs + 9}");
    }

    [Fact]
    public void Add_OfManyPorts_CountsTheRestTogether()
    {
        for (int port = 1; port <= 60000; port++)
        {
            _store.Add(Pair("scanner"), 6, (ushort)port, $"{port}");
        }

        _store.Add(Pair("scanner"), 17, 53, "");
        IReadOnlyList<AuditEntry> entries = _store.Read();
        Assert.Equal(AuditStore.MaxPorts + 2, entries.Count);
        Assert.Equal(60000 - AuditStore.MaxPorts, entries.Single(e => e is { Port: -1, Protocol: 6 }).Count);
        Assert.Equal(1, entries.Single(e => e is { Port: -1, Protocol: 17 }).Count);
    }

    [Fact]
    public void Read_ForAPolicy_GivesWhatItHasAPartIn()
    {
        var web = new PolicyKey(PolicyKind.CiliumNetworkPolicy, "default", "web");
        _store.Add(Pair("a") with { Rule = new RuleOrigin(7, RuleOriginKind.DefaultDeny, Direction.Ingress, [new RulePlace(web, 0, -1, "/spec")]) }, 6, 80, "");
        _store.Add(Pair("b"), 6, 80, "");
        Assert.Equal("a", Assert.Single(_store.Read(key => key == web)).Pair.Source);
        Assert.Empty(_store.Read(key => key != web));
    }

    private static AuditPair Pair(string source) => new(AuditKind.Trial, false, source, "default/web", 1, 2, Direction.Ingress, null);
}
