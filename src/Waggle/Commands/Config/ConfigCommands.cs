using Waggle.Cli;
using Waggle.Hosting.Config;

namespace Waggle.Commands.Config;

/// <summary><c>config</c>: the settings of the installation, kept in ConfigMap <c>cilium-config</c>.</summary>
internal static class ConfigCommands
{
    public const string MapName = "cilium-config";

    public static Verb Create(string tool) => new("config", "View and change the configuration")
    {
        Details = "The configuration lives in ConfigMap cilium-config. Every key has a type; a value that does not fit is refused.\nRunning agents pick most changes up at once; \"config keys\" says which.",
        Children = () =>
        [
            ConfigViewCommand.Create(tool), ConfigGetCommand.Create(tool), ConfigSetCommand.Create(tool), ConfigDeleteCommand.Create(tool), ConfigKeysCommand.Create(tool),
        ],
    };

    public static IEnumerable<Candidate> KeyNames(CompletionRequest request) => ConfigKeys.All.Select(key => new Candidate(key.Name, key.Summary));

    /// <summary>The values of the key typed just before, where they are words.</summary>
    public static IEnumerable<Candidate> ValuesOfKey(CompletionRequest request) =>
        request.Before.Count > 0 && ConfigKeys.Find(request.Before[^1]) is { } key ? key.Choices.Select(choice => new Candidate(choice)) : [];

    /// <exception cref="CliException">No such key.</exception>
    public static ConfigKey Require(string name)
    {
        if (ConfigKeys.Find(name) is { } key)
        {
            return key;
        }

        var nearest = Suggestions.For(name, ConfigKeys.All.Select(each => each.Name));
        throw CliException.Usage($"unknown configuration key \"{name}\"", nearest.Count > 0 ? $"Did you mean \"{nearest[0]}\"?" : "\"config keys\" lists them.");
    }
}
