using Waggle.Bench.Lab;

namespace Waggle.Bench.Tests.Lab;

/// <summary>The breakdown of a lab's start.</summary>
public sealed class StepTimesTests
{
    [Fact]
    public void Steps_WithMilestones_AreInOrder()
    {
        var times = new StepTimes();
        times.Begin("Starting");
        times.End(TimeSpan.FromSeconds(1), null);
        times.Begin("Waiting");
        times.Note("node a, pod cilium-x (ContainerCreating), deployment cilium-operator");
        times.Note("pod cilium-x");
        times.End(TimeSpan.FromSeconds(2), null);

        Assert.Equal(
            ["Starting", "Waiting", "Waiting: until the operator is Ready", "Waiting: until all agents are Ready", "Waiting: until all nodes are Ready"],
            times.Steps.Select(each => each.Step));
        Assert.Equal([1, 2], times.Steps.Take(2).Select(each => each.Duration.TotalSeconds));
    }

    [Theory]
    [InlineData("pod cilium-operator-5d-x", "the operator is Ready")]
    [InlineData("daemonset cilium", "all agents are Ready")]
    [InlineData("2 nodes", "all nodes are Ready")]
    [InlineData("node kind-worker", "all nodes are Ready")]
    public void Note_OneThingMissing_IsThatMilestoneOnly(string missing, string milestone)
    {
        var times = new StepTimes();
        times.Begin("w");
        times.Note(missing);
        times.End(TimeSpan.Zero, null);
        Assert.Equal(["w", "w: until " + milestone], times.Steps.Select(each => each.Step));
    }
}
