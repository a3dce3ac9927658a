using Waggle.Kube.Resources;
using Waggle.Lab.Nodes.Pods;

namespace Waggle.Lab.Tests.Nodes.Pods;

public sealed class PodRuleTests
{
    [Fact]
    public void BackOff_OfACrashingContainer_DoublesToItsLimitAndForgives()
    {
        var backOff = new RestartBackOff();
        double[] waits = [.. Enumerable.Range(0, 8).Select(_ => backOff.Next(TimeSpan.FromSeconds(1)).TotalSeconds)];
        Assert.Equal([0, 10, 20, 40, 80, 160, 300, 300], waits);
        Assert.Equal(TimeSpan.Zero, backOff.Next(TimeSpan.FromMinutes(10)));
        Assert.Equal(RestartBackOff.First, backOff.Next(TimeSpan.Zero));
    }

    [Theory]
    [InlineData(null, null, 0xa80425fbUL)]
    [InlineData("NET_ADMIN", null, 0xa80435fbUL)]
    [InlineData("CAP_SYS_ADMIN", "net_raw", 0xa82405fbUL)]
    [InlineData(null, "ALL", 0UL)]
    [InlineData("NET_BIND_SERVICE", "ALL", 0x400UL)]
    [InlineData("ALL", null, ulong.MaxValue)]
    public void Capabilities_AddedAndDropped_LeaveTheRest(string? add, string? drop, ulong expected) =>
        Assert.Equal(expected, CapabilitySet.Of(new SecurityContext { Capabilities = new Capabilities { Add = add is null ? [] : [add], Drop = drop is null ? [] : [drop] } }));

    [Fact]
    public void Capabilities_UnknownName_IsRefused() =>
        Assert.Throws<FormatException>(() => CapabilitySet.Of(new SecurityContext { Capabilities = new Capabilities { Add = ["FLY"] } }));

    [Theory]
    [InlineData("Always", "r", false, "Running")]
    [InlineData("Always", "w", false, "Pending")]
    [InlineData("Always", "rw", false, "Pending")]
    [InlineData("Always", "b", false, "Running")]
    [InlineData("Always", "0", false, "Running")]
    [InlineData("Never", "0", true, "Succeeded")]
    [InlineData("Never", "01", true, "Failed")]
    [InlineData("Never", "0r", false, "Running")]
    [InlineData("OnFailure", "00", true, "Succeeded")]
    [InlineData("OnFailure", "1", false, "Running")]
    public void Phase_FollowsFromTheContainers(string policy, string containers, bool finished, string phase) =>
        Assert.Equal(phase, PodStatusBuilder.Phase(Facts(policy, containers) with { Finished = finished }));

    [Fact]
    public void Conditions_ThatDoNotChange_KeepTheirTime()
    {
        PodFacts facts = Facts("Always", "r");
        var first = PodStatusBuilder.Build(facts, DateTimeOffset.UnixEpoch);
        var second = PodStatusBuilder.Build(facts with { Pod = facts.Pod with { Status = first } }, DateTimeOffset.UnixEpoch.AddHours(1));
        Assert.All(second.Conditions, condition => Assert.Equal(DateTimeOffset.UnixEpoch, condition.LastTransitionTime));
        PodFacts unready = Facts("Always", "u");
        var third = PodStatusBuilder.Build(unready with { Pod = unready.Pod with { Status = first } }, DateTimeOffset.UnixEpoch.AddHours(2));
        Assert.Equal(DateTimeOffset.UnixEpoch.AddHours(2), third.Conditions.Single(c => c.Type == "Ready").LastTransitionTime);
        Assert.Equal(DateTimeOffset.UnixEpoch, third.Conditions.Single(c => c.Type == "Initialized").LastTransitionTime);
    }

    [Theory]
    [InlineData(null, null, "BestEffort")]
    [InlineData("1", null, "Burstable")]
    [InlineData("1", "1", "Guaranteed")]
    [InlineData(null, "1", "Guaranteed")]
    [InlineData("1", "2", "Burstable")]
    public void QosClass_FollowsFromResources(string? request, string? limit, string expected)
    {
        Dictionary<string, string> All(string? value) => value is null ? [] : new() { ["cpu"] = value, ["memory"] = value };
        var container = new Container { Resources = new ResourceRequirements { Requests = All(request), Limits = All(limit) } };
        Assert.Equal(expected, PodStatusBuilder.QosClass(new PodSpec { Containers = [container] }));
    }

    private static PodFacts Facts(string policy, string containers) => new()
    {
        Pod = new Pod { Spec = new PodSpec { RestartPolicy = policy } },
        InitContainers = [],
        Containers = [.. containers.Select(Snapshot)],
        PodIps = [],
        HostIps = [],
        StartTime = DateTimeOffset.UnixEpoch,
        Initialized = true,
    };

    /// <summary>r: running and ready, u: running, w: waiting, b: waiting after a crash, a digit: ended with it.</summary>
    private static ContainerSnapshot Snapshot(char kind)
    {
        var ended = new ContainerState { Terminated = new ContainerStateTerminated { ExitCode = kind - '0' } };
        var snapshot = new ContainerSnapshot { Name = $"c{kind}", Image = "x" };
        return kind switch
        {
            'r' => snapshot with { State = new ContainerState { Running = new ContainerStateRunning() }, Ready = true },
            'u' => snapshot with { State = new ContainerState { Running = new ContainerStateRunning() } },
            'w' => snapshot,
            'b' => snapshot with { State = ContainerSnapshot.WaitingFor("CrashLoopBackOff"), LastState = ended },
            _ => snapshot with { State = ended },
        };
    }
}
