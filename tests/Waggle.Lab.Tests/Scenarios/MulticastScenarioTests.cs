namespace Waggle.Lab.Tests.Scenarios;

/// <summary>The README's first command, over both routings.</summary>
public sealed class MulticastScenarioTests
{
    [Theory]
    [InlineData("--routing", "tunnel")]
    [InlineData("--routing", "native")]
    public Task LabRunMulticast_OnANewLab_PlaysTheWholeTranscript(string flag, string value) => ScenarioRun.PlayAsync("multicast", [flag, value], ("PAUSE", "1"), TimeSpan.FromMinutes(6));
}
