namespace Waggle.Lab.Tests.Scenarios;

/// <summary>The policy scenario, without its slow steps.</summary>
public sealed class PolicyScenarioTests
{
    [Fact]
    public Task LabRunPolicy_OnANewLab_EveryExpectationHolds() => ScenarioRun.PlayAsync("policy", [], ("WAGGLE_SCENARIO_SHORT", "1"), TimeSpan.FromMinutes(8));
}
