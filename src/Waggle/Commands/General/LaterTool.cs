using Waggle.Cli;

namespace Waggle.Commands.General;

/// <summary>Commands of a tool whose work arrives with a later release: they say so, instead of pretending.</summary>
internal static class LaterTool
{
    public static Verb Command(string tool, string word, string purpose, string meanwhile) => new(word, purpose)
    {
        PassThrough = true,
        Run = (call, _) => throw new CliException($"\"{tool} {word}\" is not part of Waggle {Build.Version}: it arrives with a later release", meanwhile),
    };
}
