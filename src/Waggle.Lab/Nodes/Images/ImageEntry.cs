using System.Collections.ObjectModel;

namespace Waggle.Lab.Nodes.Images;

/// <summary>What stands for an image on this machine.</summary>
internal sealed record ImageEntry
{
    public IReadOnlyList<string> Match { get; init; } = [];

    public IReadOnlyList<string> Entrypoint { get; init; } = [];

    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Directories put before the usual PATH.</summary>
    public IReadOnlyList<string> Path { get; init; } = [];

    public IReadOnlyDictionary<string, string> Env { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Program → Debian package, for messages about a missing one.</summary>
    public IReadOnlyDictionary<string, string> Programs { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>An image that the table does not know.</summary>
    public static ImageEntry Unknown { get; } = new();

    public bool Matches(string name) => Match.Any(pattern => Matches(pattern, name));

    private static bool Matches(string pattern, string name) =>
        pattern.StartsWith("*/", StringComparison.Ordinal) ? name.EndsWith(pattern[1..], StringComparison.Ordinal)
        : pattern.EndsWith('*') ? name.StartsWith(pattern[..^1], StringComparison.Ordinal)
        : pattern == name;
}
