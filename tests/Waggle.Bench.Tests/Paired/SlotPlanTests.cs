using Waggle.Bench.Paired;

namespace Waggle.Bench.Tests.Paired;

/// <summary>Both variants get the same time, in an order that a drift cannot tell apart.</summary>
public sealed class SlotPlanTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Create_AnyChance_EachBlockIsAsLongForBothAndSymmetric(int seed)
    {
        var plan = SlotPlan.Create(TimeSpan.FromSeconds(20), new Random(seed));
        Assert.InRange(plan.Blocks, 10, 1000);
        string[] blocks = [.. plan.Pattern.Chunk(SlotPlan.SlotsPerBlock).Select(block => new string(block))];
        Assert.All(blocks, block => Assert.Equal((2, block), (block.Count(c => c == SlotPlan.Subject), new string([.. block.Reverse()]))));
        Assert.Equal(2, blocks.Distinct().Count());
    }

    [Fact]
    public void Create_NoTime_IsOneBlock() => Assert.Equal(1, SlotPlan.Create(TimeSpan.Zero, new Random(1)).Blocks);

    [Fact]
    public void Complement_EverySlot_BelongsToOneOfTheTwo()
    {
        var plan = SlotPlan.Create(TimeSpan.FromSeconds(5), new Random(1));
        Assert.All(plan.Pattern.Zip(plan.Complement().Pattern), pair => Assert.NotEqual(pair.First, pair.Second));
        Assert.Equal(plan, plan.Complement().Complement());
    }

    [Fact]
    public void Arguments_Times_AreNanoseconds() =>
        Assert.Equal(["7", "50000000", "12000000", "1000000", "x..x"], new SlotPlan("x..x").Arguments(7));
}
