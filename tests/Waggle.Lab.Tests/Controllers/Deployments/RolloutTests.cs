using Waggle.Kube.Resources;
using Waggle.Lab.Controllers;
using Waggle.Lab.Controllers.Deployments;

namespace Waggle.Lab.Tests.Controllers.Deployments;

public class RolloutTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Plays a rolling update against pods that become ready and die at random: the limits hold at every step, and it ends.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Roll_RandomSizesAndLimits_LimitsHoldAndItEnds(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            var replicas = random.Next(0, 12);
            var deployment = Deployment("b", replicas, Limit(random), Limit(random));
            var old = Set("a", replicas, replicas, 0);
            var sets = new List<ReplicaSet> { old, Set("b", 0, 0, 1) };
            var ended = false;
            for (var step = 0; step < 500 && !ended; step++)
            {
                var rollout = new Rollout(deployment, sets);
                var scaled = Step(rollout, sets);
                var after = new Rollout(deployment, sets);
                Assert.True(Rollout.Total(after.All) <= replicas + after.MaxSurge, $"{replicas} +{after.MaxSurge}: {Show(sets)}");
                if (!scaled && sets.All(s => s.Status.Replicas == Rollout.Wanted(s) && s.Status.AvailableReplicas == Rollout.Wanted(s)))
                {
                    ended = Rollout.Wanted(after.New!) == replicas && after.Old.All(s => Rollout.Wanted(s) == 0);
                    Assert.True(ended, $"stuck at {Show(sets)} for {replicas} +{after.MaxSurge} -{after.MaxUnavailable}");
                }

                // Scaling down takes away what is not available first, so availability falls only by a decision.
                Assert.True(Rollout.Available(sets) >= after.MinAvailable, $"{Rollout.Available(sets)} of {replicas} -{after.MaxUnavailable} available: {Show(sets)}");
                Live(sets, random);
            }

            Assert.True(ended, $"did not end: {Show(sets)}");
        }
    }

    [Theory]
    [InlineData("25%", "25%", 4, 1, 1)]
    [InlineData("25%", "25%", 1, 1, 0)]
    [InlineData("0", "0", 4, 0, 1)]
    [InlineData("100%", "0", 3, 3, 0)]
    [InlineData("1", "10", 3, 1, 3)]
    public void Limits_RoundedAsKubernetesDoes(string surge, string unavailable, int replicas, int expectedSurge, int expectedUnavailable)
    {
        var rollout = new Rollout(Deployment("a", replicas, surge, unavailable), []);

        Assert.Equal((expectedSurge, expectedUnavailable), (rollout.MaxSurge, rollout.MaxUnavailable));
    }

    [Fact]
    public void Old_UnhealthyPods_GoFirst()
    {
        var sick = Set("a", 3, 0, 0);
        var healthy = Set("b", 3, 3, 1);
        var current = Set("c", 1, 1, 2);
        var rollout = new Rollout(Deployment("c", 5, "2", "2"), [sick, healthy, current]);
        var targets = rollout.OldReplicas(current);

        Assert.Equal(0, targets[sick]);
        Assert.Equal(2, targets[healthy]);
    }

    [Theory]
    [InlineData(10, 20)]
    [InlineData(20, 10)]
    [InlineData(7, 3)]
    [InlineData(5, 0)]
    [InlineData(3, 50)]
    public void Scale_DuringRollout_SpreadsInProportionAndAddsUp(int from, int to)
    {
        var max = $"{from + 1}";
        var old = Set("a", from - (from / 3), from - (from / 3), 0, max);
        var current = Set("b", from / 3, 0, 1, max);
        var rollout = new Rollout(Deployment("b", to, "1", "0"), [old, current]);
        var targets = rollout.ScaledReplicas();

        Assert.Equal(to == 0 ? 0 : to + 1, targets.Values.Sum());
        Assert.All(targets.Values, t => Assert.True(t >= 0));
        if (to > 3)
        {
            Assert.True(targets[old] >= targets[current]);
        }
    }

    [Fact]
    public void Status_DeadlinePassed_TimedOutAndProgressAgainClearsIt()
    {
        var deployment = Deployment("b", 2, "1", "0");
        deployment = deployment with { Spec = deployment.Spec with { ProgressDeadlineSeconds = 10 } };
        var old = Set("a", 2, 2, 0);
        var current = Set("b", 1, 0, 1);
        var status = RolloutStatus.Of(new(deployment, [old, current]), current, Start);
        Assert.Equal("ReplicaSetUpdated", status.Conditions.Find("Progressing")!.Reason);

        deployment = deployment with { Status = status };
        status = RolloutStatus.Of(new(deployment, [old, current]), current, Start.AddSeconds(11));
        Assert.Equal(("False", "ProgressDeadlineExceeded"), (status.Conditions.Find("Progressing")!.Status, status.Conditions.Find("Progressing")!.Reason));

        deployment = deployment with { Status = status };
        current = Set("b", 1, 1, 1);
        status = RolloutStatus.Of(new(deployment, [old, current]), current, Start.AddSeconds(12));
        Assert.Equal("True", status.Conditions.Find("Progressing")!.Status);
    }

    private static string Limit(Random random) => random.Next(2) == 0 ? $"{random.Next(0, 4)}" : $"{random.Next(0, 5) * 25}%";

    private static string Show(IEnumerable<ReplicaSet> sets) => string.Join(", ", sets.Select(s => $"{s.Metadata.Name}: wanted {Rollout.Wanted(s)} has {s.Status.Replicas} available {s.Status.AvailableReplicas}"));

    /// <summary>The same decisions, in the same order, as the controller's; true when something was scaled.</summary>
    private static bool Step(Rollout rollout, List<ReplicaSet> sets)
    {
        var current = rollout.New!;
        var wanted = Rollout.Wanted(current);
        var target = wanted > rollout.Replicas ? rollout.Replicas : rollout.NewReplicas(wanted);
        if (target != wanted)
        {
            Replace(sets, current, target);
            return true;
        }

        var old = rollout.OldReplicas(current).Where(t => Rollout.Wanted(t.Key) != t.Value).ToList();
        old.ForEach(t => Replace(sets, t.Key, t.Value));
        return old.Count > 0;
    }

    private static void Replace(List<ReplicaSet> sets, ReplicaSet set, int wanted)
    {
        // Surplus pods go at once, those that are not available first.
        var has = Math.Min(set.Status.Replicas, wanted);
        var status = set.Status with { Replicas = has, AvailableReplicas = Math.Min(set.Status.AvailableReplicas ?? 0, has) };
        sets[sets.IndexOf(set)] = set with { Spec = set.Spec with { Replicas = wanted }, Status = status };
    }

    private static void Live(List<ReplicaSet> sets, Random random)
    {
        for (var i = 0; i < sets.Count; i++)
        {
            var set = sets[i];
            var has = Math.Min(set.Status.Replicas + random.Next(0, 3), Rollout.Wanted(set));
            var available = Math.Min((set.Status.AvailableReplicas ?? 0) + random.Next(0, 3), has);
            sets[i] = set with { Status = set.Status with { Replicas = has, AvailableReplicas = available } };
        }
    }

    private static Deployment Deployment(string template, int replicas, IntOrString surge, IntOrString unavailable) => new()
    {
        Metadata = new() { Name = "web", Generation = 1 },
        Spec = new() { Replicas = replicas, Template = Template(template), Strategy = new() { RollingUpdate = new() { MaxSurge = surge, MaxUnavailable = unavailable } } },
    };

    private static ReplicaSet Set(string template, int wanted, int available, int age, string max = "0") => new()
    {
        Metadata = new()
        {
            Name = template,
            Uid = template,
            CreationTimestamp = Start.AddMinutes(age),
            Annotations = new Dictionary<string, string> { [Rollout.RevisionAnnotation] = $"{age + 1}", [Rollout.MaxAnnotation] = max },
        },
        Spec = new() { Replicas = wanted, Template = Template(template) },
        Status = new() { Replicas = wanted, AvailableReplicas = available, ReadyReplicas = available },
    };

    private static PodTemplate Template(string name) => PodTemplate.Create(new(), new() { Containers = [new() { Name = "c", Image = name }] });
}
