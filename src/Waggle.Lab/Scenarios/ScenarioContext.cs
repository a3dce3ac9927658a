namespace Waggle.Lab.Scenarios;

/// <summary>Where a scenario plays: a running lab and the shell environment that <c>waggle lab shell</c> gives its user.</summary>
/// <param name="LabName">The lab's name.</param>
/// <param name="Environment">KUBECONFIG and PATH, as in the lab shell; laid over the caller's own environment.</param>
/// <param name="Directory">The folder with the scenario's manifests and scripts; commands run in it.</param>
/// <param name="Output">Where the commands and what they print are shown.</param>
public sealed record ScenarioContext(string LabName, IReadOnlyDictionary<string, string> Environment, string Directory, TextWriter Output)
{
    /// <summary>Whether the lab was made for this play: all that its nodes ever did belongs to it.</summary>
    public bool IsNewLab { get; init; }
}

/// <summary>A play that a lab can run: what a reader would type, with checks of what came of it.</summary>
public interface IScenario
{
    /// <summary>The name on the command line, e.g. <c>multicast</c>; also the folder under <c>examples/</c>.</summary>
    string Name { get; }

    /// <summary>One line for the help text.</summary>
    string Description { get; }

    /// <summary>Plays it; every deviation ends up in the report, and cleaning up happens whatever came before.</summary>
    Task<ScenarioReport> RunAsync(ScenarioContext context, CancellationToken cancellation);
}
