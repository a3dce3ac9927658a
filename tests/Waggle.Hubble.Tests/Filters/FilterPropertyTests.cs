using Waggle.Hubble.Codec;
using Waggle.Hubble.Filters;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Tests.Filters;

public sealed class FilterPropertyTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Matches_AnyFlowAndFilters_AgreesWithTheNaiveEvaluator(int seed)
    {
        var random = new Random(seed);
        int yes = 0, no = 0;
        for (var round = 0; round < 400; round++)
        {
            FlowFilter[] white = [.. Enumerable.Range(0, random.Next(3)).Select(_ => RandomFlows.Filter(random))];
            FlowFilter[] black = [.. Enumerable.Range(0, random.Next(2)).Select(_ => RandomFlows.Filter(random))];
            var compiled = FlowFilterSet.Compile(white, black);
            for (var i = 0; i < 20; i++)
            {
                var flow = RandomFlows.Flow(random);
                var expected = NaiveEvaluator.Passes(flow, white, black);
                var actual = compiled.Matches(FlowDecoder.Decode(flow));
                Assert.True(expected == actual, $"expected {expected}\nflow {flow}\nwhite {string.Join('\n', white.Select(f => f.ToString()))}\nblack {string.Join('\n', black.Select(f => f.ToString()))}");
                (yes, no) = expected ? (yes + 1, no) : (yes, no + 1);
            }
        }

        // A test whose answers are all the same proves nothing.
        Assert.True(yes > 500 && no > 500, $"{yes} yes, {no} no");
    }

    [Fact]
    public void Flow_ThroughTheRecord_IsTheSame()
    {
        var random = new Random(7);
        for (var i = 0; i < 2000; i++)
        {
            var flow = RandomFlows.Flow(random);
            var again = FlowEncoder.Encode(FlowDecoder.Decode(flow));
            Assert.Equal(again, Waggle.Hubble.Protocol.Flows.Flow.Parser.ParseFrom(FlowEncoder.EncodeBytes(FlowDecoder.Decode(flow))));
#pragma warning disable CS0612 // the deprecated fields are made from the others
            (again.Summary, again.Reply, again.DropReason, again.DropReasonText) = ("", false, 0, "");
#pragma warning restore CS0612
            flow.Source ??= new Endpoint();
            flow.Destination ??= new Endpoint();
            Assert.Equal(flow, again);
        }
    }
}
