using System.Diagnostics;

namespace Waggle.Cel.Tests;

/// <summary>Expressions and values made to explode end soon, with a reason.</summary>
public sealed class BoundsTests
{
    [Theory]
    [InlineData("(", 2000, "true", ")", 2000)]
    [InlineData("[", 2000, "1", "]", 2000)]
    [InlineData("{1:", 1000, "1", "}", 1000)]
    [InlineData("!", 4000, "true", "", 0)]
    [InlineData("-", 4000, "1", "", 0)]
    [InlineData("1+", 2000, "1", "", 0)]
    [InlineData("2*", 2000, "1", "", 0)]
    [InlineData("true==", 600, "true", "", 0)]
    [InlineData("true?", 500, "true", ":1", 500)]
    [InlineData("true?1:", 500, "1", "", 0)]
    [InlineData("size(", 600, "'a'", ")", 600)]
    [InlineData("", 0, "point", ".next", 500)]
    [InlineData("", 0, "self", "[0]", 500)]
    [InlineData("", 0, "self", ".trim()", 500)]
    [InlineData("[1].all(x,", 200, "true", ")", 200)]
    public void Compile_OfWhatIsTooDeep_IsRefused(string open, int opens, string middle, string close, int closes)
    {
        var text = string.Concat(Enumerable.Repeat(open, opens)) + middle + string.Concat(Enumerable.Repeat(close, closes));
        var e = Assert.Throws<CelException>(() => TestEnvironment.Compile(text));
        Assert.Matches("deeper than the limit|more macros", e.Message);
    }

    [Fact]
    public void Compile_OfTooManyVariables_IsRefused() =>
        Assert.Contains("limit of 6", Assert.Throws<CelException>(() => TestEnvironment.Compile(Nested("[1]", 7, "true"))).Message, StringComparison.Ordinal);

    [Fact]
    public void Evaluate_OfMoreVariablesThanFitOnTheStack_SeesThem() =>
        Assert.True(TestEnvironment.Evaluate(Nested("[0, 1]", 6, "v0 + v1 + v2 + v3 + v4 + v5 == 6")).IsTrue);

    [Fact]
    public void Evaluate_OfLongChains_Works()
    {
        Assert.True(TestEnvironment.Evaluate("true" + string.Concat(Enumerable.Repeat(" && true", 500))).IsTrue);
        Assert.True(TestEnvironment.Evaluate($"[{string.Join(',', Enumerable.Range(0, 1000))}].sum() == 499500").IsTrue);
    }

    [Fact]
    public void Compile_OfWhatIsTooLong_IsRefused() =>
        Assert.Contains("4096", Assert.Throws<CelException>(() => TestEnvironment.Compile("true" + new string(' ', 4096))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("self.exists(a, self.exists(b, self.exists(c, self.exists(d, false))))")]
    [InlineData("self.all(a, self.all(b, self == self))")]
    [InlineData("size(self.map(a, self.map(b, self.map(c, 'text' + 'text')))) > 0")]
    [InlineData("self.all(a, self.all(b, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.matches('(a*)*b') || true))")]
    [InlineData("self.all(a, self.all(b, 'a'.matches('a' + string(b)) || true))")]
    [InlineData("self.all(a, self.all(b, self.indexOf(-1) < 0))")]
    [InlineData("self.all(a, self.all(b, size(self + self) > 0))")]
    [InlineData("self.all(a, self.all(b, self.join(',') != ''))")]
    [InlineData("self.all(a, self.all(b, timestamp('2026-01-01T00:00:00Z') > timestamp(string(timestamp(0)))))")]
    public void Evaluate_OfLoopsInLoops_EndsWithAReason(string expression)
    {
        // Without a bound these would run for minutes.
        var list = CelValue.OfList(Enumerable.Range(0, 1000).Select(i => CelValue.Of(i)).ToArray());
        var watch = Stopwatch.StartNew();
        Assert.Equal("error: the evaluation costs more than it may", TestEnvironment.Evaluate(expression, list).ToString());
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60));
    }

    [Theory]
    [InlineData("self.replace('a', self) == ''")]
    [InlineData("[0, 1, 2, 3, 4, 5, 6, 7].all(i, (self + self + self + self + self).size() > 0)")]
    [InlineData("[self, self, self, self, self, self].map(s, s.replace('a', 'bcdef')).size() == 1")]
    [InlineData("[0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, self == self && self < self + 'a'))")]
    [InlineData("self.split('').size() > 0 && self.matches('^(a+)+$')")]
    [InlineData("[0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, {'a': 1}.exists(k, self in {'a': 1} || true) && self in [self]))")]
    [InlineData("[0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, {self: a}[self] == a))")]
    [InlineData("[0,1,2,3,4,5,6,7,8,9].all(a, int(self) > 0 || timestamp(self) > timestamp(0) || duration(self) > duration('0') || true)")]
    public void Evaluate_OfBigTexts_EndsWithAReason(string expression) =>
        Assert.Equal("error: the evaluation costs more than it may", TestEnvironment.Evaluate(expression, CelValue.Of(new string('a', 90_000))).ToString());

    [Fact]
    public void Evaluate_OfABigTextThatIsNoNumber_ShowsItsBeginning() => Assert.InRange(TestEnvironment.Evaluate("int(self)", CelValue.Of(new string('a', 90_000))).ToString().Length, 64, 200);

    [Theory]
    [InlineData("'a'.matches('(?=a)')", "not supported")]
    [InlineData("'a'.matches('(((a{1000}){1000}){1000}){1000}')", "matches")]
    [InlineData("'a'.matches('a(b')", "not a valid")]
    public void Compile_OfBadPatterns_IsRefused(string expression, string reason) =>
        Assert.Contains(reason, Assert.Throws<CelException>(() => TestEnvironment.Compile(expression)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("abc", 3)]
    [InlineData("a{3}b", 4)]
    [InlineData("(ab){3}", 6)]
    [InlineData("((a{100}){100}){100}", 1_000_000)]
    [InlineData("[a-z]{1,63}([.][a-z]{1,63})*", 128)]
    [InlineData("[(){9}]\\{9}", 3)]
    [InlineData("[]{9}]{2}[^]{9}]{3}", 5)]
    [InlineData("[\\]{9}]{2}", 2)]
    [InlineData("a{2,}(b|c){4", 7)]
    [InlineData("a{0}b{1,1}c{,5}", 7)]
    [InlineData("a{5,(x){1000}", 1004)]
    [InlineData("(((", 0)]
    public void Size_OfAPattern_IsWithItsCountsWrittenOut(string pattern, double size) => Assert.InRange(CelPattern.Size(pattern), size, size + 3);

    [Theory]
    [InlineData("self.all(i, self.all(j, ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' + string(i)).matches('(a|b)*a(a|b){500}c') || true))")]
    [InlineData("self.all(i, self.all(j, self.join('').contains(self.join('1')) || true))")]
    public void Evaluate_OfDearSearches_EndsWithAReason(string expression) =>
        Assert.Equal("error: the evaluation costs more than it may", TestEnvironment.Evaluate(expression, CelValue.OfList(Enumerable.Range(0, 1000).Select(i => CelValue.Of(i)).ToArray())).ToString());

    [Fact]
    public void Evaluate_WithinASharedBudget_TakesFromIt()
    {
        var program = TestEnvironment.Compile("[1, 2, 3].all(x, x > 0)");
        var budget = new CelBudget(100);
        var answers = Enumerable.Range(0, 20).Select(_ => program.Evaluate(CelValue.Null, ref budget).IsTrue).ToArray();
        Assert.True(answers[0]);
        Assert.False(answers[^1]);
        Assert.True(budget.IsExhausted);
        Assert.True(program.Evaluate(CelValue.Null).IsTrue);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Compile_OfAnyPieces_EitherSaysWhereOrWorks(int seed)
    {
        string[] pieces =
        [
            "self", "point", ".", "x", "tags", "next", "(", ")", "[", "]", "{", "}", ",", ":", "?", "&&", "||", "!", "-", "+", "*", "/", "%", "==", "!=", "<", ">=", " in ", "1", "2u", "1.5", "'a'", "b'a'", "null", "true", "false",
            "has", "all", "exists", "map", "filter", "size", "matches", "timestamp", "duration", "dyn", "int", "split", "join", "replace", "substring", "sum", "min", "\"", "\\", "'", " ", "\n", "é", "\ud800", "//", "type", "Color.RED",
        ];
        string[] whole = ["has(point.next) && point.x > 1", "point.tags.all(x, x.contains('a'))", "[1, 2].exists_one(x, 2 / x == 1)", "'a,b'.split(',').map(s, s.substring(0, 1)).join('-') == 'a-b'", "self.a.b[0] in [1, 2u, 'x']", "{'a': [1, 2].sum()}.a == 3"];
        var random = new Random(seed);
        int good = 0, bad = 0;
        for (var i = 0; i < 10_000; i++)
        {
            var from = whole[random.Next(whole.Length)];
            var at = random.Next(from.Length);
            var text = random.Next(2) == 0
                ? string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => pieces[random.Next(pieces.Length)]))
                : from[..at] + (random.Next(4) == 0 ? pieces[random.Next(pieces.Length)] : "") + from[Math.Min(from.Length, at + random.Next(4))..];
            try
            {
                TestEnvironment.Evaluate(text, CelValue.OfList(new List<string> { "a", "b" }));
                good++;
            }
            catch (CelException e)
            {
                Assert.InRange(e.Column, 1, text.Length + 1);
                bad++;
            }
        }

        Assert.True(good > 100 && bad > 1000, $"{good} good, {bad} bad");
    }

    private static string Nested(string list, int depth, string body) =>
        string.Concat(Enumerable.Range(0, depth).Select(i => $"{list}.exists(v{i},")) + body + new string(')', depth);
}
