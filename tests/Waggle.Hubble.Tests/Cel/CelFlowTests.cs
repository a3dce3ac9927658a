using Google.Protobuf.Reflection;
using Waggle.Cel;
using Waggle.Hubble.Cel;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Filters;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Tests.Filters;
using Waggle.Hubble.Tests.Support;

namespace Waggle.Hubble.Tests.Cel;

public sealed class CelFlowTests
{
    /// <summary>Every field that can be reached from a flow, and the type of what is there.</summary>
    private static IEnumerable<(string Path, FieldDescriptor Field)> Paths(MessageDescriptor message, string prefix, int depth)
    {
        foreach (var field in message.Fields.InDeclarationOrder())
        {
            var path = $"{prefix}.{field.Name}";
            yield return (path, field);
            if (field.FieldType == FieldType.Message && !field.IsRepeated && depth > 0 && field.MessageType.File == Flow.Descriptor.File)
            {
                foreach (var below in Paths(field.MessageType, path, depth - 1))
                {
                    yield return below;
                }
            }
        }
    }

    [Fact]
    public void Matches_EveryField_SaysTheSameByItsShortWayAndOutOfTheMessage()
    {
        var random = new Random(11);
        var records = new RandomRecords(12);
        FlowRecord[] flows = [.. Enumerable.Range(0, 60).Select(_ => FlowDecoder.Decode(RandomFlows.Flow(random))), .. Enumerable.Range(0, 60).Select(_ => records.Next())];
        int compared = 0, set = 0;
        var reached = new HashSet<string>();
        foreach (var (path, field) in Paths(Flow.Descriptor, "_flow", 3))
        {
            reached.Add(path["_flow.".Length..]);
            foreach (var expression in new[] { path, $"has({path})" })
            {
                if (field.FieldType == FieldType.Message && !field.IsRepeated && field.MessageType.FullName == "google.protobuf.Any" && expression == path)
                {
                    continue;
                }

                var quick = CelProgram<FlowInput>.Compile(expression, new FlowEnvironment(shortcuts: true));
                var plain = CelProgram<FlowInput>.Compile(expression, new FlowEnvironment(shortcuts: false));
                foreach (ref readonly var flow in flows.AsSpan())
                {
                    var a = quick.Evaluate(new FlowInput(flow));
                    var b = plain.Evaluate(new FlowInput(default, FlowEncoder.Encode(flow)));
                    var budget = new CelBudget(100_000);
                    Assert.True(a.IsError == b.IsError && (a.IsError || CelEquality.Of(ref budget, a, b).IsTrue), $"{expression}: {a}, but in the message {b}");
                    compared++;
                    set += expression != path && a.IsTrue ? 1 : 0;
                }
            }
        }

        Assert.True(compared > 20_000 && set > 2_000, $"{compared} compared, {set} of them set");
        Assert.DoesNotContain(FlowFields.Values.Keys.Concat(FlowFields.Tests.Keys), k => !reached.Contains(k));
    }

    [Fact]
    public void Compile_SeveralExpressions_OneMustBeTrue()
    {
        var flow = FlowDecoder.Decode(FlowExpressionTests.Sample());
        Assert.True(Set("false", "_flow.verdict == Verdict.DROPPED").Matches(flow));
        Assert.False(Set("false", "_flow.verdict == Verdict.FORWARDED").Matches(flow));
        Assert.False(Set("1 / 0 > 0").Matches(flow));
        Assert.True(Set("1 / 0 > 0", "true").Matches(flow));
    }

    [Fact]
    public void Compile_WithAnotherField_BothMustMatch()
    {
        var flow = FlowDecoder.Decode(FlowExpressionTests.Sample());
        var filter = new FlowFilter { SourcePod = { "shop/web" }, Experimental = new() { CelExpression = { "_flow.l4.TCP.flags.SYN" } } };
        Assert.True(FlowFilterSet.Compile([filter], []).Matches(flow));
        Assert.False(FlowFilterSet.Compile([], [filter]).Matches(flow));
        filter.SourcePod[0] = "default/web";
        Assert.False(FlowFilterSet.Compile([filter], []).Matches(flow));
    }

    [Fact]
    public void Matches_OfUsualQuestions_AllocatesNothing()
    {
        var filter = CelFilter.Compile("_flow.verdict == Verdict.DROPPED && has(_flow.l4.TCP) && _flow.l4.TCP.destination_port in [80u, 443u] && _flow.source.labels.exists(l, l.startsWith('k8s:tier=')) && _flow.time > timestamp('2026-01-01T00:00:00Z')");
        var flow = FlowDecoder.Decode(FlowExpressionTests.Sample());
        Assert.True(filter.Matches(flow));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            filter.Matches(flow);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    private static FlowFilterSet Set(params string[] expressions)
    {
        var filter = new FlowFilter { Experimental = new() };
        filter.Experimental.CelExpression.AddRange(expressions);
        return FlowFilterSet.Compile([filter], []);
    }
}
