using Waggle.Cli;

namespace Waggle.Tests.Cli;

public sealed class DurationsTests
{
    [Theory]
    [InlineData("5m", 300)]
    [InlineData("1m30s", 90)]
    [InlineData("250ms", 0.25)]
    [InlineData("20", 20)]
    [InlineData("1.5h", 5400)]
    public void TryParse_Valid_GivesSeconds(string text, double seconds)
    {
        Assert.True(Durations.TryParse(text, out var span));
        Assert.Equal(seconds, span.TotalSeconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("m")]
    [InlineData("5x")]
    [InlineData("-5s")]
    [InlineData("5m 3s")]
    [InlineData("99999999999999h")]
    public void TryParse_Invalid_IsRefused(string text) => Assert.False(Durations.TryParse(text, out _));

    [Theory]
    [InlineData(90, "1m30s")]
    [InlineData(300, "5m")]
    [InlineData(0.25, "250ms")]
    [InlineData(7200, "2h")]
    public void Format_IsShort(double seconds, string expected) => Assert.Equal(expected, Durations.Format(TimeSpan.FromSeconds(seconds)));
}
