namespace Waggle.Cel.Tests;

/// <summary>What the language specification says, case by case. Each expression must be true.</summary>
public sealed class ConformanceTests
{
    [Theory]
    // Literals.
    [InlineData("-9223372036854775808 < 9223372036854775807")]
    [InlineData("0xff == 255 && -0x10 == -16 && 0xFFu == 255u")]
    [InlineData("1.5e3 == 1500.0 && .5 == 0.5 && 1e-2 == 0.01 && -2.5 < -2.0")]
    [InlineData("18446744073709551615u > 0u")]
    [InlineData("'a\\x41\\101\\u00e9\\U0001F600\\n' == \"aAA\u00e9\\U0001f600\\n\"")]
    [InlineData("r'\\d' == '\\\\d' && R\"a'b\" == 'a\\'b'")]
    [InlineData("'''a'b\"c\nd''' == 'a\\'b\"c\\nd' && \"\"\"x\"\"\" == 'x'")]
    [InlineData("b'\\xff\\377' == b\"\\377\\xff\" && size(b'\u00e9') == 2 && rb'\\x' == b'\\\\x'")]
    [InlineData("null == null && true != false")]
    [InlineData("// a comment\n 1 == 1 // and another")]
    [InlineData("[1, 2,] == [1, 2] && {'a': 1,} == {'a': 1}")]
    // Arithmetic.
    [InlineData("7 / 2 == 3 && -7 / 2 == -3 && -7 % 3 == -1 && 7u % 4u == 3u")]
    [InlineData("2 + 3 * 4 == 14 && (2 + 3) * 4 == 20 && 10 - 3 - 2 == 5 && 100 / 10 / 5 == 2")]
    [InlineData("'a' + 'b' == 'ab' && b'a' + b'b' == b'ab' && [1] + [2, 3] == [1, 2, 3]")]
    [InlineData("1.0 / 0.0 > 1e308 && -(1.0 / 0.0) < 0.0 && (0.0 / 0.0) != (0.0 / 0.0)")]
    [InlineData("- -1 == 1 && !!true && -(-1) == 1")]
    // Comparison, also across the types of numbers.
    [InlineData("1 < 2u && 2u > 1 && 1 < 1.5 && 2.5 > 2u && -1 < 0u && 9223372036854775807 < 9223372036854775808u")]
    [InlineData("dyn(1) == 1u && dyn(1) == 1.0 && dyn(2u) == 2.0 && dyn(1) != '1' && dyn(9007199254740993) != 9007199254740992.0")]
    [InlineData("'a' < 'b' && 'a' < 'aa' && '\\uffff' < '\\U00010000' && b'a' < b'b' && false < true")]
    [InlineData("[1, 2] != [1, 3] && [1] != [1, 2] && [[1]] == [[1]] && dyn([1]) == [1u]")]
    [InlineData("{'a': 1, 'b': 2} == {'b': 2, 'a': 1} && {'a': 1} != {'a': 2} && {1: 1} != {2: 1}")]
    // Logic: what decides does so in any order, errors and all.
    [InlineData("true || 1 / 0 > 0")]
    [InlineData("1 / 0 > 0 || true")]
    [InlineData("!(false && 1 / 0 > 0)")]
    [InlineData("!(1 / 0 > 0 && false)")]
    [InlineData("(1 / 0 > 0 || false || true) && !(true && 1 / 0 > 0 && false)")]
    [InlineData("true ? true : 1 / 0 > 0")]
    [InlineData("false ? 1 / 0 > 0 : true ? true : false")]
    [InlineData("true || false && false")]
    // Containers.
    [InlineData("[1, 2, 3][1] == 2 && {'a': 1}['a'] == 1 && {'a': 1}.a == 1 && {1: 'x'}[dyn(1u)] == 'x' && [5][dyn(0.0)] == 5")]
    [InlineData("2 in [1, 2] && !(4 in [1, 2]) && 'a' in {'a': 1} && !('b' in {'a': 1}) && [1] in [[1], [2]]")]
    [InlineData("dyn(2u) in [1, 2] && dyn(2.0) in [1, 2] && !(dyn('2') in [1, 2])")]
    [InlineData("has({'a': 1}.a) && !has({'a': 1}.b)")]
    [InlineData("size([]) == 0 && [1, 2].size() == 2 && size({'a': 1}) == 1 && size('\u00e9\\U0001F600') == 2 && 'abc'.size() == 3")]
    // Macros.
    [InlineData("[1, 2, 3].all(x, x > 0) && ![1, 2, 3].all(x, x > 1) && [].all(x, false)")]
    [InlineData("[1, 2, 3].exists(x, x == 2) && ![].exists(x, true)")]
    [InlineData("[1, 0, 2].exists(x, 2 / x == 1) && ![0, 1].all(x, 1 / x > 5)")]
    [InlineData("[1, 2, 3].exists_one(x, x > 2) && ![1, 2, 3].exists_one(x, x > 1)")]
    [InlineData("[1, 2, 3].filter(x, x > 1) == [2, 3] && [1, 2].map(x, x * 2) == [2, 4] && [1, 2, 3].map(x, x > 1, x * x) == [4, 9]")]
    [InlineData("{'a': 1, 'b': 2}.all(k, k in ['a', 'b']) && {'a': 1}.map(k, k) == ['a'] && {'a': 1, 'b': 2}.exists(k, k == 'b')")]
    [InlineData("[[1, 2], [3]].all(x, x.exists(y, y > 1)) && [1, 2].map(x, [3].map(y, x + y)) == [[4], [5]]")]
    [InlineData("[1].all(x, [2].all(x, x == 2) && x == 1)")]
    // Strings.
    [InlineData("'hello'.contains('ell') && 'hello'.startsWith('he') && 'hello'.endsWith('lo') && 'x'.contains('') && !'a'.contains('A')")]
    [InlineData("'hello'.matches('l+') && matches('hello', '^h.*o$') && !'hello'.matches('^l') && 'a'.matches('[' + 'a]')")]
    // Conversions.
    [InlineData("int('-5') == -5 && int(3.9) == 3 && int(-3.9) == -3 && int(5u) == 5 && uint('5') == 5u && uint(5) == 5u && uint(5.9) == 5u")]
    [InlineData("double('1.5') == 1.5 && double(2) == 2.0 && string(1) == '1' && string(true) == 'true' && string(1u) == '1' && string(b'a') == 'a' && string(1.5) == '1.5'")]
    [InlineData("bytes('\u00e9') == b'\\xc3\\xa9' && bool('true') && !bool('f') && int(timestamp('1970-01-01T00:00:05Z')) == 5")]
    [InlineData("type(1) == int && type(1u) == uint && type('') == string && type([]) == list && type({}) == map && type(null) == null_type && type(int) == type && type(1.0) != int")]
    // Times.
    [InlineData("duration('1h30m') == duration('90m') && duration('-1.5s') < duration('0') && duration('100ms') + duration('900ms') == duration('1s')")]
    [InlineData("timestamp('2026-11-21T06:30:05.123456789Z') - timestamp('2026-11-21T06:30:05Z') == duration('123456789ns')")]
    [InlineData("timestamp('2026-11-21T07:30:00+01:00') == timestamp('2026-11-21T06:30:00Z') && timestamp('2026-11-21T06:30:00Z') + duration('1h') > timestamp('2026-11-21T07:29:59.9Z')")]
    [InlineData("string(duration('1m0.5s')) == '60.5s' && string(timestamp('2026-11-21T06:30:05.5Z')) == '2026-11-21T06:30:05.5Z' && timestamp(0) == timestamp('1970-01-01T00:00:00Z')")]
    [InlineData("timestamp('2026-11-21T06:30:05.25Z').getFullYear() == 2026 && timestamp('2026-11-21T06:30:05.25Z').getMonth() == 10 && timestamp('2026-11-21T06:30:05.25Z').getDate() == 21")]
    [InlineData("timestamp('2026-11-21T06:30:05.25Z').getDayOfMonth() == 20 && timestamp('2026-11-21T06:30:05.25Z').getDayOfWeek() == 6 && timestamp('2026-01-02T00:00:00Z').getDayOfYear() == 1")]
    [InlineData("timestamp('2026-11-21T06:30:05.25Z').getHours() == 6 && timestamp('2026-11-21T06:30:05.25Z').getMinutes() == 30 && timestamp('2026-11-21T06:30:05.25Z').getMilliseconds() == 250")]
    [InlineData("timestamp('2026-11-21T23:30:00Z').getHours('+01:00') == 0 && timestamp('2026-11-21T23:30:00Z').getDate('+01:00') == 22 && timestamp('2026-11-21T00:30:00Z').getHours('-02:30') == 22")]
    [InlineData("duration('3h25m').getHours() == 3 && duration('3h25m').getMinutes() == 205 && duration('1.5s').getMilliseconds() == 500 && duration('2m').getSeconds() == 120")]
    // Once the cases of the evaluator that rules of CRDs had.
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
    [InlineData("r'\\d' == '\\\\d' && 0x10 == 16 && 1.5 * 2.0 == 3.0")]
    [InlineData("{'a': 1}.a == 1 && 'a' in {'a': 1}")]
    public void Evaluate_OfTheLanguage_IsTrue(string expression)
    {
        var result = TestEnvironment.Evaluate(expression);
        Assert.True(result.IsTrue, $"{expression}: {result}");
    }

    [Theory]
    [InlineData("1 / 0 > 0", "divide by zero")]
    [InlineData("1 % 0 > 0", "modulus by zero")]
    [InlineData("9223372036854775807 + 1 > 0", "integer overflow")]
    [InlineData("-9223372036854775808 / -1 > 0", "integer overflow")]
    [InlineData("-(-9223372036854775808) > 0", "integer overflow")]
    [InlineData("1u - 2u == 0u", "integer overflow")]
    [InlineData("9223372036854775807 * 2 == 0", "integer overflow")]
    [InlineData("[1][1] == 1", "index out of range")]
    [InlineData("[1][-1] == 1", "index out of range")]
    [InlineData("{'a': 1}['b'] == 1", "no such key")]
    [InlineData("{'a': 1}.b == 1", "no such key: b")]
    [InlineData("{dyn('a'): 1, 'a': 2} == {}", "the map has a key twice")]
    [InlineData("dyn(1) + dyn('a') == 1", "no such overload")]
    [InlineData("dyn('a') && true", "no such overload")]
    [InlineData("dyn('a') ? true : false", "no such overload")]
    [InlineData("1 / 0 > 0 || false", "divide by zero")]
    [InlineData("[0, 1].all(x, 1 / x > 0)", "divide by zero")]
    [InlineData("[0, 1].exists_one(x, 1 / x > 0)", "divide by zero")]
    [InlineData("[0].map(x, 1 / x) == []", "divide by zero")]
    [InlineData("int(dyn(1e30)) == 1", "integer overflow")]
    [InlineData("[1][5] == 1", "index out of range")]
    [InlineData("self.missing == 1", "no such overload")]
    public void Evaluate_OfWhatFails_IsAnError(string expression, string reason)
    {
        var result = TestEnvironment.Evaluate(expression);
        Assert.True(result.IsError, $"{expression}: {result}");
        Assert.StartsWith(reason, result.String, StringComparison.Ordinal);
    }
}
