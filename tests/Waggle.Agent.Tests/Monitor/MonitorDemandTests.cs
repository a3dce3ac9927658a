using Waggle.Agent.Monitor;
using Waggle.Datapath.Abi;

namespace Waggle.Agent.Tests.Monitor;

/// <summary>Programs learn to tell when the first onlooker comes; after that they only pause.</summary>
public sealed class MonitorDemandTests
{
    [Fact]
    public void TracePoints_NobodyEverLooked_AreNone()
    {
        var demand = new MonitorDemand();
        Assert.True(demand.Idle);
        Assert.Empty(demand.TracePoints("medium"));
    }

    [Fact]
    public void TracePoints_LastOnlookerLeft_StayAsTheyAre()
    {
        var demand = new MonitorDemand();
        IDisposable first = demand.Watch(), second = demand.Watch();
        IReadOnlyCollection<TracePoint> points = demand.TracePoints("medium");
        Assert.Contains(TracePoint.ToEndpoint, points);
        first.Dispose();
        first.Dispose();
        Assert.False(demand.Idle);
        second.Dispose();
        Assert.True(demand.Idle);
        Assert.Equal(points, demand.TracePoints("medium"));
    }

    [Fact]
    public void Changed_OnlyFirstAndLast_AreTold()
    {
        var demand = new MonitorDemand();
        List<bool> told = [];
        demand.Changed += () => told.Add(demand.Idle);
        using (demand.Watch())
        {
            demand.Watch().Dispose();
        }

        Assert.Equal([false, true], told);
    }
}
