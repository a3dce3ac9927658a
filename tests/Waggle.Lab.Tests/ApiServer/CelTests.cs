using System.Text.Json.Nodes;
using Waggle.Lab.ApiServer;

namespace Waggle.Lab.Tests.ApiServer;

public sealed class CelTests
{
    private static object? Evaluate(string expression, string self = "{}") =>
        CelExpression.Parse(expression).Evaluate(new Dictionary<string, object?> { ["self"] = CelValues.From(YamlTree.Parse(self)), ["oldSelf"] = CelValues.From(YamlTree.Parse("{n: 1}")) });

    [Theory]
    [InlineData("1 + 2 * 3 == 7")]
    [InlineData("(1 + 2) * 3 == 9")]
    [InlineData("-5 % 3 == -2")]
    [InlineData("'a' + 'b' == \"ab\"")]
    [InlineData("1 < 2 && 2 <= 2 && 3 > 2 && 'a' < 'b'")]
    [InlineData("true || 1 / 0 == 1")]
    [InlineData("1 / 0 == 1 || true")]
    [InlineData("!(false && 1 / 0 == 1)")]
    [InlineData("1 in [1, 2] && !(3 in [1, 2])")]
    [InlineData("size('héllo') == 5 && 'abc'.size() == 3 && [1, 2].size() == 2")]
    [InlineData("'abc'.startsWith('a') && 'abc'.endsWith('c') && 'abc'.contains('b') && 'abc'.matches('^a.c$')")]
    [InlineData("[1, 2, 3].all(x, x > 0) && [1, 2].exists(x, x == 2) && [1, 2].exists_one(x, x == 2)")]
    [InlineData("[1, 2, 3].filter(x, x > 1) == [2, 3] && [1, 2].map(x, x * 2) == [2, 4]")]
    [InlineData("true ? 1 == 1 : 1 / 0 == 1")]
    [InlineData("duration('1h30m') > duration('89m')")]
    [InlineData("timestamp('2024-01-01T00:00:00Z') < timestamp('2024-01-02T00:00:00Z')")]
    [InlineData("'a,b'.split(',') == ['a', 'b'] && ['a', 'b'].join('-') == 'a-b'")]
    [InlineData("isIP('10.0.0.1') && !isIP('x') && isCIDR('10.0.0.0/8')")]
    [InlineData("r'\\d' == '\\\\d' && 0x10 == 16 && 1.5 * 2.0 == 3.0")]
    [InlineData("{'a': 1}.a == 1 && 'a' in {'a': 1}")]
    public void Evaluate_TrueExpressions_AreTrue(string expression) => Assert.Equal(true, Evaluate(expression));

    [Theory]
    [InlineData("has(self.a) && !has(self.b) && self.a.b == 1", "{a: {b: 1}}")]
    [InlineData("self.list.all(i, i.n > 0) && self.list[0].n == 1", "{list: [{n: 1}, {n: 2}]}")]
    [InlineData("self['x-y'] == 'z' && self.x__dash__y == 'z'", "{x-y: z}")]
    [InlineData("self.n >= oldSelf.n", "{n: 2}")]
    [InlineData("self.all(k, k.startsWith('a'))", "{a1: x, a2: y}")]
    public void Evaluate_OnObjects_SeesTheirFields(string expression, string self) => Assert.Equal(true, Evaluate(expression, self));

    [Theory]
    [InlineData("1 +")]
    [InlineData("(1")]
    [InlineData("'open")]
    [InlineData("a b")]
    [InlineData("has(1)")]
    [InlineData("#")]
    [InlineData("99999999999999999999")]
    public void Parse_OfNonsense_Fails(string expression) => Assert.Throws<CelException>(() => CelExpression.Parse(expression));

    [Theory]
    [InlineData("self.missing == 1")]
    [InlineData("unknown == 1")]
    [InlineData("1 + 'a' == 2")]
    [InlineData("1 / 0 == 1")]
    [InlineData("[1][5] == 1")]
    [InlineData("9223372036854775807 + 1 > 0")]
    [InlineData("nofunction(1)")]
    [InlineData("'a'.matches('(')")]
    public void Evaluate_WhatCannotBe_Fails(string expression) => Assert.Throws<CelException>(() => Evaluate(expression));

    [Fact]
    public void Evaluate_TooManySteps_Fails()
    {
        var list = new JsonArray([.. Enumerable.Range(0, 1000).Select(i => (JsonNode)i)]);
        var rule = CelExpression.Parse("self.all(a, self.all(b, self.all(c, a + b + c >= 0)))");
        Assert.Throws<CelException>(() => rule.Evaluate(new Dictionary<string, object?> { ["self"] = CelValues.From(list) }));
    }

    [Fact]
    public void Parse_OfRandomText_NeverFailsOtherwise()
    {
        var random = new Random(3);
        string[] parts = ["self", ".", "(", ")", "[", "]", "a", "1", "'x'", "+", "-", "&&", "||", "!", "?", ":", ",", "in", "has", "all", "map", "{", "}", "==", "1.5", " "];
        for (var i = 0; i < 50_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(14)).Select(_ => parts[random.Next(parts.Length)]));
            try
            {
                Evaluate(text);
            }
            catch (CelException)
            {
            }
        }
    }
}
