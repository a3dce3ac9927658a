using Waggle.State.Health;
using Waggle.State.Tables;
using Waggle.Tests.Shared;

namespace Waggle.State.Tests.Health;

public class HealthTests
{
    [Fact]
    public void Report_SameLevelAgain_KeepsSinceAndCountsFailures()
    {
        var time = new ManualTime();
        var health = new HealthRegistry(new StateDb(), time);
        var reporter = health.For("x");
        reporter.Degraded("first");
        var since = time.GetUtcNow();
        time.Advance(TimeSpan.FromSeconds(5));
        reporter.Degraded("second");

        Assert.Equal(new HealthStatus("x", HealthLevel.Degraded, "second", since, 2), health.Table.View.Find("x"));
        reporter.Ok();
        Assert.Equal(since.AddSeconds(5), health.Table.View.Find("x")!.Since);
        Assert.Equal(HealthLevel.Ok, health.Overall);
    }

    [Fact]
    public void Overall_WorstModuleDecides()
    {
        var health = new HealthRegistry(new StateDb());
        health.For("a").Ok();
        health.For("b").Degraded("slow");
        Assert.Equal(HealthLevel.Degraded, health.Overall);
        health.For("c").Stopped("gone");
        Assert.Equal(HealthLevel.Stopped, health.Overall);
        health.For("b").Remove();
        health.For("c").Remove();
        Assert.Equal(HealthLevel.Ok, health.Overall);
    }
}
