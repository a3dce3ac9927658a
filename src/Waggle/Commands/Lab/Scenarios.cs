using Waggle.Cli;
using Waggle.Lab.Scenarios;
using Waggle.Lab.Scenarios.Multicast;
using Waggle.Lab.Scenarios.Policy;

namespace Waggle.Commands.Lab;

/// <summary>The scenarios that <c>lab run</c> can play.</summary>
internal static class Scenarios
{
    public static IReadOnlyList<IScenario> All() => [new MulticastScenario(), new PolicyScenario()];

    /// <exception cref="CliException">No such scenario.</exception>
    public static IScenario Require(string name)
    {
        var all = All();
        return all.FirstOrDefault(scenario => scenario.Name == name) ?? throw CliException.Usage(
            $"there is no scenario \"{name}\"",
            Suggestions.For(name, all.Select(scenario => scenario.Name)) is [var nearest, ..] ? $"Did you mean \"{nearest}\"?" : $"Scenarios: {string.Join(", ", all.Select(scenario => scenario.Name))}.");
    }

    /// <summary>The folder with a scenario's manifests and scripts: beside the executable, or in the checkout it was built in.</summary>
    public static string FolderOf(IScenario scenario, HostEnvironment environment)
    {
        if (environment.Variable("WAGGLE_EXAMPLES") is { Length: > 0 } said)
        {
            return Existing(Path.Combine(said, scenario.Name));
        }

        for (var folder = AppContext.BaseDirectory.TrimEnd('/'); folder is { Length: > 1 }; folder = Path.GetDirectoryName(folder))
        {
            var candidate = Path.Combine(folder, "examples", scenario.Name);
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        throw new CliException($"the folder examples/{scenario.Name} was not found beside {AppContext.BaseDirectory} or above it", "Set WAGGLE_EXAMPLES to the folder \"examples\" of the checkout.");
    }

    private static string Existing(string folder) => Directory.Exists(folder) ? folder : throw new CliException($"{folder} does not exist", "WAGGLE_EXAMPLES names the folder that holds the scenarios.");
}
