namespace Waggle.Hosting.Tests;

public sealed class RoleOptionsTests
{
    private sealed record Sample(string A = "", string B = "");

    private static Sample Parse(params string[] arguments) =>
        RoleOptions.Parse(arguments, new Sample(), ("--a", (s, v) => s with { A = v }), ("--b", (s, v) => s with { B = v }));

    [Fact]
    public void Parse_BothForms_LastWins() => Assert.Equal(new Sample("2", "x=y"), Parse("--a", "1", "--b=x=y", "--a=2"));

    [Theory]
    [InlineData("unknown argument --c; known: --a, --b", "--c=1")]
    [InlineData("--a needs a value", "--b=1", "--a")]
    public void Parse_Nonsense_SaysWhatIsKnown(string expected, params string[] arguments) =>
        Assert.Equal(expected, Assert.Throws<ArgumentException>(() => Parse(arguments)).Message);
}
