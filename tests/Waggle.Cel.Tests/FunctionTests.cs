namespace Waggle.Cel.Tests;

/// <summary>Functions beyond the specification, and values that come from outside.</summary>
public sealed class FunctionTests
{
    [Theory]
    [InlineData("'a,b'.split(',') == ['a', 'b'] && ['a', 'b'].join('-') == 'a-b' && ['a', 'b'].join() == 'ab' && [].join(',') == '' && [1, 2].join('+') == '1+2'")]
    [InlineData("'Äbc'.upperAscii() == 'ÄBC' && 'ÄBC'.lowerAscii() == 'Äbc' && ' a b '.trim() == 'a b'")]
    [InlineData("'hello'.substring(1) == 'ello' && 'hello'.substring(1, 3) == 'el' && 'hello'.substring(5) == '' && 'hello'.charAt(4) == 'o' && 'hello'.charAt(5) == ''")]
    [InlineData("'a😀b'.split('') == ['a', '😀', 'b'] && ''.split('') == [] && ''.split(',') == [''] && 'a😀'.charAt(2) == ''")]
    [InlineData("'a😀b'.substring(2) == 'b' && 'a😀b'.charAt(1) == '😀' && 'a😀b'.indexOf('b') == 2 && 'a😀b'.lastIndexOf('b') == 2")]
    [InlineData("'banana'.indexOf('an') == 1 && 'banana'.lastIndexOf('an') == 3 && 'banana'.indexOf('x') == -1")]
    [InlineData("'banana'.replace('an', 'AN') == 'bANANa' && 'b😀'.replace('', '_') == '_b_😀_' && ''.replace('', 'x') == 'x' && 'banana'.replace('n', '') == 'baaa'")]
    [InlineData("'a12b'.find('[0-9]+') == '12' && 'ab'.find('[0-9]') == '' && 'ab'.find('[' + 'b]') == 'b'")]
    [InlineData("[1, 2, 2].isSorted() && ![2, 1].isSorted() && [].isSorted() && ['a', 'b'].isSorted()")]
    [InlineData("[1, 2, 3].sum() == 6 && [1.5, 2.5].sum() == 4.0 && [].sum() == 0 && [duration('1s'), duration('2s')].sum() == duration('3s')")]
    [InlineData("[2, 1, 3].min() == 1 && [2, 1, 3].max() == 3 && ['b', 'a'].min() == 'a'")]
    [InlineData("[1, 2, 3].indexOf(2) == 1 && ['a'].indexOf('b') == -1 && [[1], [2]].indexOf([2]) == 1")]
    [InlineData("dyn('abc').indexOf('c') == 2 && dyn(['a', 'c']).indexOf('c') == 1")]
    [InlineData("point.x == 3 && point.next.next.name == '.next.next' && has(point.next.name) && !has(point.name) && point.tags == ['a', '']")]
    [InlineData("dyn(point).x == 3 && dyn(point).next.x == 3 && !has(dyn(point).name) && type(point) == type(dyn(point)) && point == point && point != point.next")]
    [InlineData("[point, point.next].exists(p, p.name == '.next') && [point].map(p, p.x) == [3] && Color.RED == 7 && .self == self")]
    [InlineData("{'in': 1}.in == 1 && (true ? false ? 1 : 2 : 3) == 2")]
    public void Evaluate_OfFunctionsAndObjects_IsTrue(string expression)
    {
        var result = TestEnvironment.Evaluate(expression);
        Assert.True(result.IsTrue, $"{expression}: {result}");
    }

    [Theory]
    [InlineData("'abc'.substring(4) == ''", "index out of range")]
    [InlineData("'abc'.substring(-1) == ''", "index out of range")]
    [InlineData("'abc'.substring(2, 1) == ''", "index out of range")]
    [InlineData("'abc'.substring(1, 9) == ''", "index out of range")]
    [InlineData("'abc'.charAt(4) == ''", "index out of range")]
    [InlineData("'abc'.charAt(-1) == ''", "index out of range")]
    [InlineData("'abc'.charAt(9223372036854775807) == ''", "index out of range")]
    [InlineData("[].min() == 1", "the list is empty")]
    [InlineData("[1, 'a'].max() == 1", "no such overload")]
    [InlineData("[1, 1.5].sum() == 1", "no such overload")]
    [InlineData("['a', 'b'].sum() == 'ab'", "no such overload")]
    [InlineData("[9223372036854775807, 1].sum() > 0", "integer overflow")]
    [InlineData("[[1]].join(',') == ''", "no such overload")]
    [InlineData("'a'.find('[' + 'a') == ''", "find: \"[a\" is not a valid")]
    [InlineData("dyn(point).nothing == 1", "no such field: nothing")]
    [InlineData("dyn(1).nothing == 1", "no such overload")]
    [InlineData("dyn(1).startsWith('a')", "no such overload")]
    public void Evaluate_OfWhatFunctionsCannot_IsAnError(string expression, string reason)
    {
        var result = TestEnvironment.Evaluate(expression);
        Assert.True(result.IsError, $"{expression}: {result}");
        Assert.StartsWith(reason, result.String, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_OfValuesFromOutside_SeesThem()
    {
        var self = CelValue.Of(new Map(("a-b", CelValue.Of(1)), ("n", CelValue.Null), ("list", CelValue.OfList(new Squares()))));
        Assert.True(TestEnvironment.Evaluate("self.a__dash__b == 1 && self['a-b'] == 1 && 'a-b' in self && self.all(k, k in ['a-b', 'n', 'list']) && size(self) == 3", self).IsTrue);
        Assert.True(TestEnvironment.Evaluate("!has(self.n) && self.n == null && !('n' in self) && !has(self.m) && !(1 in self)", self).IsTrue);
        Assert.True(TestEnvironment.Evaluate("self.list == [0, 1, 4, 9] && self.list[3] == 9 && 4 in self.list && self.list.max() == 9 && self == self", self).IsTrue);
        Assert.Equal("error: no such key: m", TestEnvironment.Evaluate("self.m", self).ToString());
    }

    [Fact]
    public void Uses_OfVariables_IsTrueOfThoseInTheText()
    {
        var program = TestEnvironment.Compile("[1].all(self, self > 0) && point.x > 0");
        Assert.True(program.Uses("point"));
        Assert.False(program.Uses("self"));
        Assert.Equal(CelType.Bool, program.Type);
    }

    private sealed class Squares : CelList
    {
        public override int Count => 4;

        public override CelValue At(int index) => CelValue.Of(index * index);
    }

    private sealed class Map(params (string Key, CelValue Value)[] entries) : CelMap
    {
        public override int Count => entries.Length;

        public override CelValue[] Keys => Array.ConvertAll(entries, e => CelValue.Of(e.Key));

        public override bool TryGet(in CelValue key, out CelValue value)
        {
            var wanted = key.Kind == CelKind.String ? key.String : null;
            var found = Array.Find(entries, e => e.Key == wanted);
            value = found.Value;
            return found.Key is not null;
        }

        public override bool Has(in CelValue key) => TryGet(key, out var value) && value.Kind != CelKind.Null;
    }
}
