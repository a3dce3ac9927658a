using System.Text.RegularExpressions;

namespace Waggle.Lab.Scenarios.Multicast;

/// <summary>One line of messages.sh: what was sent to whom.</summary>
public sealed record BattleMessage(string Group, string Sender, string Text);

/// <summary>Who listens where in the battle, and what each must hear.</summary>
public static partial class Battle
{
    /// <summary>Ship → groups, as the transcript's subscriber tables show.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Listeners = new Dictionary<string, string[]>
    {
        ["red-leader"] = ["225.0.0.21"],
        ["millenium-falcon"] = ["225.0.0.21"],
        ["luke"] = ["225.0.0.21", "225.0.0.42"],
        ["darth-vader"] = ["225.0.0.11"],
    };

    public static readonly string[] Ships = ["red-leader", "millenium-falcon", "luke", "darth-vader", "obi-wan"];

    public static readonly string[] Groups =
        ["225.0.0.10", "225.0.0.11", "225.0.0.12", "225.0.0.20", "225.0.0.21", "225.0.0.22", "225.0.0.42"];

    public static IReadOnlyList<BattleMessage> Parse(string output) =>
        [.. SentLine().Matches(output).Select(m => new BattleMessage(m.Groups["group"].Value, m.Groups["sender"].Value, m.Groups["text"].Value))];

    /// <summary>The messages that a ship must hear, in the order in which they were sent.</summary>
    public static string[] Expected(string ship, IEnumerable<BattleMessage> sent) =>
        Listeners.TryGetValue(ship, out var groups) ? [.. sent.Where(m => groups.Contains(m.Group)).Select(m => m.Text)] : [];

    [GeneratedRegex(@"^Sending msg to (?<group>[0-9.]+):\d+ from (?<sender>\S+): (?<text>.*)$", RegexOptions.Multiline)]
    private static partial Regex SentLine();
}
