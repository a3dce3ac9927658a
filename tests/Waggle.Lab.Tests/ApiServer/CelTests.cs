using System.Text.Json.Nodes;
using Waggle.Cel;
using Waggle.Lab.ApiServer;

namespace Waggle.Lab.Tests.ApiServer;

/// <summary>Rules of CRDs; the language itself has its tests in Waggle.Cel.Tests.</summary>
public sealed class CelTests
{
    [Theory]
    [InlineData("isIP('10.0.0.1') && !isIP('x') && isCIDR('10.0.0.0/8')")]
    [InlineData("isURL('https://a.b/c') && !isURL('x') && isQuantity('500m') && !isQuantity('m')")]
    [InlineData("has(self.a) && !has(self.b) && self.a.b == 1", "{a: {b: 1}}")]
    [InlineData("self.list.all(i, i.n > 0) && self.list[0].n == 1", "{list: [{n: 1}, {n: 2}]}")]
    [InlineData("self['x-y'] == 'z' && self.x__dash__y == 'z'", "{x-y: z}")]
    [InlineData("self.__namespace__ == 'a' && self.a__dot__b == 1 && self.c__slash__d == 2 && self.e__underscores__f == 3", "{namespace: a, a.b: 1, c/d: 2, e__f: 3}")]
    [InlineData("self.n >= oldSelf.n", "{n: 2}")]
    [InlineData("self.all(k, k.startsWith('a'))", "{a1: x, a2: y}")]
    [InlineData("self.n == null && !has(self.n) && !('n' in self) && 'm' in self && size(self) == 2", "{n: null, m: 1}")]
    [InlineData("self == {'a': [1, 2.5, 'x', true, null, {'b': {}}]} && self != oldSelf", "{a: [1, 2.5, x, true, null, {b: {}}]}")]
    [InlineData("self.i * 2 == 4 && self.d * 2.0 == 5.0 && self.i < self.d && self.i + 1 == 3 && type(self.i) == int && type(self.d) == double", "{i: 2, d: 2.5}")]
    [InlineData("self.l.exists_one(x, x.t == 'a') && self.l.map(x, x.t) == ['a', 'b'] && self.l.filter(x, x.t == 'b').size() == 1 && 'a' in self.l.map(x, x.t)", "{l: [{t: a}, {t: b}]}")]
    [InlineData("self.l.all(x1, self.l.exists_one(x2, x1.n == x2.n && (!has(x1.s) && !has(x2.s) || x1.s == x2.s)))", "{l: [{n: a}, {n: b, s: c}, {n: b, s: d}]}")]
    [InlineData("duration(self.d) > duration('89m') && timestamp(self.t) < timestamp('2024-01-02T00:00:00Z')", "{d: 1h30m, t: '2024-01-01T00:00:00Z'}")]
    [InlineData("(self.kind == 'x' ? has(self.x) : true) && (self.kind != 'y' || has(self.y))", "{kind: x, x: 1}")]
    public void Evaluate_OnObjects_SeesTheirFields(string expression, string self = "{}")
    {
        var result = Evaluate(expression, self);
        Assert.True(result.IsTrue, result.ToString());
    }

    [Theory]
    [InlineData("self.missing == 1", "no such key: missing")]
    [InlineData("self.n.x == 1", "no such overload")]
    [InlineData("self.n + 'a' == 'b'", "no such overload")]
    [InlineData("self.list[3] == 1", "index out of range")]
    [InlineData("self.n / 0 == 1", "divide by zero")]
    [InlineData("self.n + 9223372036854775807 > 0", "integer overflow")]
    public void Evaluate_WhatCannotBe_IsAnError(string expression, string reason) => Assert.Equal(reason, Evaluate(expression, "{n: 1, list: [1]}").Reference);

    [Fact]
    public void Run_OfANumberBySchema_IsADoubleHoweverItIsWritten()
    {
        var errors = Check("""{type: object, properties: {ratio: {type: number}, list: {type: array, items: {type: number}}}, x-kubernetes-validations: [{rule: "self.ratio * 1.5 == 3.0 && self.list.all(n, n + 0.5 > 0.0)"}]}""", "{ratio: 2, list: [1, 2.5]}");
        Assert.False(errors.Any);
    }

    [Theory]
    [InlineData("self.a > 1", null, "spec: Invalid value: \"object\": failed rule: self.a > 1")]
    [InlineData("self.a > 1", "message: too small", "spec: Invalid value: \"object\": too small")]
    [InlineData("self.a > 1", "message: too small, messageExpression: \"'only ' + string(self.a)\"", "only 1")]
    [InlineData("self.a > 1", "message: too small, messageExpression: self.b", "too small")]
    [InlineData("self.a > 1", "message: too small, messageExpression: oldSelf.a", "too small")]
    [InlineData("self.a > 1", "fieldPath: .a, reason: FieldValueForbidden, message: no", "spec.a: Forbidden: no")]
    [InlineData("self.a > 1", "fieldPath: .a, reason: FieldValueRequired", "spec.a: Required value: failed rule")]
    [InlineData("self.b > 1", null, "no such key: b evaluating rule: self.b > 1")]
    [InlineData("self.a", null, "failed rule: self.a")]
    [InlineData("self.all(k, [0,1,2,3,4,5,6,7,8,9].all(l, [0,1,2,3,4,5,6,7,8,9].all(m, [0,1,2,3,4,5,6,7,8,9].all(n, [0,1,2,3,4,5,6,7,8,9].map(o, [0,1,2,3,4,5,6,7,8,9].map(p, [0,1,2,3,4,5,6,7,8,9].map(q, [0,1,2,3,4,5,6,7,8,9].map(r, [q, r])))).size() > 0))))", null, "costs more than it may evaluating rule: self.all(k")]
    public void Run_OfARuleThatDoesNotHold_NamesFieldAndRule(string rule, string? more, string says) =>
        Assert.Contains(says, Check($$"""{type: object, properties: {spec: {type: object, properties: {a: {type: integer} }, x-kubernetes-validations: [{rule: "{{rule}}"{{(more is null ? "" : ", " + more)}} }] } } }""", "{spec: {a: 1}}").Summary(), StringComparison.Ordinal);

    [Theory]
    [InlineData("self.a == oldSelf.a", "{a: 1}", null, false)]
    [InlineData("self.a == oldSelf.a", "{a: 1}", "{a: 1}", false)]
    [InlineData("self.a == oldSelf.a", "{a: 2}", "{a: 1}", true)]
    [InlineData("[1].all(oldSelf, oldSelf > 1)", "{a: 1}", null, true)]
    public void Run_OfATransitionRule_HoldsOnUpdatesOnly(string rule, string body, string? old, bool fails) =>
        Assert.Equal(fails, Check($$"""{type: object, properties: {a: {type: integer} }, x-kubernetes-validations: [{rule: "{{rule}}"}]}""", body, old).Any);

    [Fact]
    public void Run_OfCheapRulesOnManyItems_EndsWithinTheBudgetOfTheObject()
    {
        // Each rule is cheap; the object makes a million of them.
        var schema = """{type: object, properties: {l: {type: array, items: {type: integer, x-kubernetes-validations: [{rule: "[0,1,2,3,4,5,6,7,8,9].all(x, [0,1,2,3,4,5,6,7,8,9].all(y, x + y + self >= 0))"}]}}}}""";
        var errors = Check(schema, new JsonObject { ["l"] = new JsonArray([.. Enumerable.Range(0, 200_000).Select(i => (JsonNode)i)]) }, null);
        Assert.Contains("costs more than it may", errors.Summary(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("self.a ==", "ends where")]
    [InlineData("unknown == 1", "unknown name \"unknown\"; the value is called self")]
    [InlineData("1 + 'a' == 2", "column 3: int + string is not defined")]
    [InlineData("nofunction(1)", "there is no function")]
    [InlineData("'a'.matches('(')", "regular expression")]
    [InlineData("'a'.matches('(?=a)')", "not supported")]
    [InlineData("size(self)", "the result must be bool, not int")]
    [InlineData("1", "the result must be bool, not int")]
    public void Read_OfARuleThatCannotBe_IsAnErrorOfTheCrd(string rule, string says)
    {
        var errors = new FieldErrors();
        CelValidation.Read([new JsonObject { ["rule"] = rule }], errors, "rules");
        Assert.StartsWith("rules[0].rule: Invalid value: ", errors.Summary(), StringComparison.Ordinal);
        Assert.Contains("compilation failed", errors.Summary(), StringComparison.Ordinal);
        Assert.Contains(says, errors.Summary(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("self.path.matches('^(?:[-A-Za-z0-9/._~!$&\\'()*+,;=:@]|[%][0-9a-fA-F]{2})+$')")]
    [InlineData("self.ip.matches('^(([0-9a-fA-F]{1,4}:){7,7}[0-9a-fA-F]{1,4}|([0-9a-fA-F]{1,4}:){1,7}:|([0-9a-fA-F]{1,4}:){1,6}:[0-9a-fA-F]{1,4}|::(ffff(:0{1,4}){0,1}:){0,1}((25[0-5]|(2[0-4]|1{0,1}[0-9]){0,1}[0-9])\\\\.){3,3}(25[0-5]|(2[0-4]|1{0,1}[0-9]){0,1}[0-9]))$')")]
    [InlineData("!(has(self.request) && has(self.backend) && duration(self.request) != duration('0s') && duration(self.backend) > duration(self.request))")]
    [InlineData("(size(self.matches) > 0 && self.matches[0].path.type == 'Prefix' && !has(self.filters)) ? self.filters.exists_one(f, f.type == 'Rewrite') : true")]
    public void Read_OfRulesInUse_Works(string rule)
    {
        var errors = new FieldErrors();
        CelValidation.Read([new JsonObject { ["rule"] = rule }], errors, "rules");
        Assert.False(errors.Any, errors.Any ? errors.Summary() : "");
    }

    private static CelValue Evaluate(string expression, string self) =>
        CelProgram<RuleInput>.Compile(expression, RuleEnvironment.Instance).Evaluate(new RuleInput(JsonValues.Of(YamlTree.Parse(self), null), JsonValues.Of(YamlTree.Parse("{n: 1}"), null)));

    private static FieldErrors Check(string schema, string body, string? old = null) => Check(schema, YamlTree.Parse(body)!, old is null ? null : YamlTree.Parse(old));

    private static FieldErrors Check(string schema, JsonNode body, JsonNode? old)
    {
        FieldErrors read = new(), errors = new();
        var parsed = CrdSchema.Read((JsonObject)YamlTree.Parse(schema)!, new Schema { Type = SchemaType.Object, PreserveUnknown = true }, read, "schema");
        Assert.False(read.Any, read.Any ? read.Summary() : "");
        SchemaValidator.Validate(parsed, body, old, errors);
        return errors;
    }
}
