using System.Diagnostics;
using Waggle.Cel;
using Waggle.Hubble.Cel;
using Waggle.Hubble.Codec;

namespace Waggle.Hubble.Tests.Cel;

public sealed class CelErrorTests
{
    private const int MaxVariables = 4;

    [Theory]
    [InlineData("_flow", 1, "flow.Flow")]
    [InlineData("1", 1, "needs bool")]
    [InlineData("dyn(true)", 1, "dyn")]
    [InlineData("_flow.is_reply", 1, "== true")]
    [InlineData("flow.verdict == 1", 1, "_flow.verdict")]
    [InlineData("_flow.verdct == 1", 7, "did you mean \"verdict\"")]
    [InlineData("_flow.source.podname == ''", 14, "did you mean \"pod_name\"")]
    [InlineData("_flow.verdict == Verdict.DROPED", 26, "did you mean \"DROPPED\"")]
    [InlineData("_flow.verdict == 'DROPPED'", 15, "Verdict.DROPPED")]
    [InlineData("_flow.l4.TCP.destination_port == 80", 31, "write 80u")]
    [InlineData("_flow.l4.TCP.destination_port in [80]", 31, "uint")]
    [InlineData("_flow.node_name.foo == ''", 17, "no field")]
    [InlineData("_flow.extensions.x == 1", 18, "Any")]
    [InlineData("_flow.node_name && true", 7, "not string")]
    [InlineData("has(_flow)", 1, "one field")]
    [InlineData("has(Verdict.DROPPED)", 13, "field of the flow")]
    [InlineData("timestamp(0).getHours(_flow.node_name) == 0", 29, "written out")]
    [InlineData("flow.Flow{} == _flow", 10, "messages cannot be made")]
    [InlineData("true\n&& _flow.x == 1", 10, "line 2")]
    public void Compile_OfNonsense_NamesThePlace(string expression, int column, string says)
    {
        var e = Assert.Throws<CelException>(() => CelFilter.Compile(expression));
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.Equal(column, e.Column);
    }

    [Theory]
    [InlineData("(", 3000, "true", ")")]
    [InlineData("[", 3000, "1", "]")]
    [InlineData("!", 4000, "true", "")]
    [InlineData("1+", 2000, "1", "")]
    [InlineData("true?", 600, "true", ":1")]
    [InlineData("_flow.source", 1, ".x.x", "")]
    [InlineData("[1].all(x,", MaxVariables + 1, "true", ")")]
    [InlineData("[0]", 1000, "", "")]
    [InlineData("-", 4000, "1", "")]
    public void Compile_OfWhatIsTooDeep_IsRefused(string open, int count, string middle, string close)
    {
        var text = string.Concat(Enumerable.Repeat(open, count)) + middle + string.Concat(Enumerable.Repeat(close, count));
        Assert.Throws<CelException>(() => CelFilter.Compile(text));
    }

    [Fact]
    public void Compile_OfWhatIsTooLong_IsRefused()
    {
        var fits = "true" + string.Concat(Enumerable.Repeat(" || true", 500));
        Assert.True(CelFilter.Compile(fits).Matches(FlowDecoder.Decode(FlowExpressionTests.Sample())));
        var e = Assert.Throws<CelException>(() => CelFilter.Compile(fits + new string(' ', 4096)));
        Assert.Contains("4096", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("false")]
    [InlineData("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.matches('(a*)*b')")]
    public void Matches_OfLoopsInLoops_EndsWithNo(string body)
    {
        // 10^8 rounds; without a bound they would run for seconds, for each flow.
        var (list, depth) = ($"[{string.Join(',', Enumerable.Range(0, 100))}]", MaxVariables);
        var text = string.Concat(Enumerable.Range(0, depth).Select(i => $"{list}.exists(v{i},")) + body + new string(')', depth);
        var filter = CelFilter.Compile($"!({text})");
        var watch = Stopwatch.StartNew();
        Assert.False(filter.Matches(FlowDecoder.Decode(FlowExpressionTests.Sample())));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60));
    }

    [Fact]
    public void Matches_OfListsOfLists_AllocatesBoundedMemory()
    {
        var list = $"[{string.Join(',', Enumerable.Range(0, 100))}]";
        var filter = CelFilter.Compile($"size({list}.map(a,{list}.map(b,{list}.map(c,{list}.map(d,'text'+'text'))))) > 0");
        var flow = FlowDecoder.Decode(FlowExpressionTests.Sample());
        Assert.False(filter.Matches(flow));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.False(filter.Matches(flow));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16_000_000);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Compile_OfAnyPieces_EitherSaysWhereOrWorks(int seed)
    {
        string[] pieces =
        [
            "_flow", ".", "source", "labels", "verdict", "l4", "TCP", "destination_port", "Verdict", "DROPPED", "(", ")", "[", "]", "{", "}", ",", ":", "?", "&&", "||", "!", "-", "+", "*", "/", "%",
            "==", "!=", "<", ">=", " in ", "1", "2u", "1.5", "'a'", "b'a'", "null", "true", "false", "has", "all", "exists", "map", "filter", "size", "matches", "timestamp", "duration", "dyn", "int", "x", "\"", "\\", "'", " ", "\n", "é", "\ud800",
        ];
        string[] whole = ["has(_flow.l4.TCP)", "_flow.source.labels.all(x, x.contains('a'))", "size(_flow.source.labels.map(x, x + x)) > 1", "_flow.time > timestamp('2026-01-01T00:00:00Z')", "[1, 2].exists_one(x, 2 / x == 1)"];
        var random = new Random(seed);
        var flow = FlowDecoder.Decode(FlowExpressionTests.Sample());
        int good = 0, bad = 0;
        for (var i = 0; i < 4000; i++)
        {
            string text;
            if (random.Next(2) == 0)
            {
                text = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => pieces[random.Next(pieces.Length)]));
            }
            else
            {
                // A good one with one piece of it exchanged.
                var from = whole[random.Next(whole.Length)];
                var at = random.Next(from.Length);
                text = from[..at] + (random.Next(4) == 0 ? pieces[random.Next(pieces.Length)] : "") + from[Math.Min(from.Length, at + random.Next(4))..];
            }

            try
            {
                CelFilter.Compile(text).Matches(flow);
                good++;
            }
            catch (CelException e)
            {
                Assert.InRange(e.Column, 1, text.Length + 1);
                bad++;
            }
        }

        Assert.True(good > 40 && bad > 1000, $"{good} good, {bad} bad");
    }
}
