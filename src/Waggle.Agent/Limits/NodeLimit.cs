using System.Text.Json.Nodes;

namespace Waggle.Agent.Limits;

/// <summary>What there can be at most on this node.</summary>
/// <param name="Name">What is limited.</param>
/// <param name="Used">Now.</param>
/// <param name="Max">At most.</param>
/// <param name="Key">Configuration key that raises it; empty when none does.</param>
/// <param name="WhenFull">What happens to what finds no room.</param>
internal sealed record NodeLimit(string Name, long Used, long Max, string Key, string WhenFull)
{
    /// <summary>Share in use from which on people are warned.</summary>
    public const double Warning = 0.8;

    /// <summary>What is asked for when that is more than there is room for; 0 when everything fits.</summary>
    public long Asked { get; init; }

    public double Share => Max == 0 ? 0 : (double)Used / Max;

    public bool IsNear => Share >= Warning || Asked > 0;

    public JsonObject Json() => new()
    {
        ["limit"] = Name, ["used"] = Used, ["max"] = Max, ["percent"] = Math.Round(100 * Share, 1), ["asked"] = Asked == 0 ? null : Asked, ["near"] = IsNear, ["key"] = Key, ["whenFull"] = WhenFull,
    };
}
