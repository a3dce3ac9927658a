using System.Globalization;
using System.Net;

namespace Waggle.Hosting.Config;

/// <summary>One key of ConfigMap <c>cilium-config</c>: its type, default, limits and whether a running agent applies a change.</summary>
/// <remarks>The agent, the operator and <c>cilium config set</c> all use this one description.</remarks>
public sealed class ConfigKey
{
    private readonly Func<string, string?> _check;

    private ConfigKey(string name, string type, string @default, string summary, bool live, IReadOnlyList<string> choices, Func<string, string?> check)
    {
        Name = name;
        Type = type;
        Default = @default;
        Summary = summary;
        RuntimeChangeable = live;
        Choices = choices;
        _check = check;
    }

    public string Name { get; }

    /// <summary>What a value looks like, with its range: shown in help and errors.</summary>
    public string Type { get; }

    public string Default { get; }

    public string Summary { get; }

    /// <summary>True: running agents take up a new value. False: it is used from the next start of the agent.</summary>
    public bool RuntimeChangeable { get; }

    /// <summary>The allowed words, empty where the value is not a word.</summary>
    public IReadOnlyList<string> Choices { get; }

    /// <summary>Null when <paramref name="value"/> is valid, or one sentence saying what is wrong with it.</summary>
    public string? Check(string value) => _check(value) is { } problem ? $"{Name}: {problem}" : null;

    internal static ConfigKey Bool(string name, bool @default, string summary, bool live = false) =>
        new(name, "true or false", @default ? "true" : "false", summary, live, ["true", "false"],
            v => v is "true" or "false" ? null : Wrong(v, "true or false", ["true", "false"]));

    internal static ConfigKey Word(string name, string @default, string[] choices, string summary, bool live = false) =>
        new(name, string.Join(" | ", choices), @default, summary, live, choices,
            v => choices.Contains(v, StringComparer.Ordinal) ? null : Wrong(v, "one of " + string.Join(", ", choices), choices));

    /// <summary>A key that others know with more values than are supported here.</summary>
    internal static ConfigKey Only(string name, string value, string reason, string summary) =>
        new(name, value, value, summary, false, [value], v => v == value ? null : $"\"{v}\" is not supported: {reason}; the value is \"{value}\"");

    internal static ConfigKey Int(string name, long @default, long min, long max, string summary, bool live = false) =>
        new(name, $"number, {min}–{max}", @default.ToString(CultureInfo.InvariantCulture), summary, live, [],
            v => long.TryParse(v, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long n) && n >= min && n <= max
                ? null
                : $"\"{v}\" is not a number between {min} and {max}");

    internal static ConfigKey Duration(string name, string @default, TimeSpan min, TimeSpan max, string summary, bool live = false) =>
        new(name, $"duration, {ConfigDuration.Format(min)}–{ConfigDuration.Format(max)}", @default, summary, live, [],
            v => ConfigDuration.TryParse(v, out TimeSpan d) && d >= min && d <= max
                ? null
                : $"\"{v}\" is not a duration (as in 30s, 5m, 1h30m) between {ConfigDuration.Format(min)} and {ConfigDuration.Format(max)}");

    internal static ConfigKey Cidrs(string name, string @default, string summary, bool v6) =>
        new(name, v6 ? "IPv6 prefixes, separated by spaces or commas" : "IPv4 prefixes, separated by spaces or commas", @default, summary, false, [],
            v =>
            {
                foreach (string part in SplitList(v))
                {
                    if (!IPNetwork.TryParse(part, out IPNetwork net) || net.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 != v6
                        || !net.BaseAddress.Equals(IPAddress.Parse(part.AsSpan(0, part.IndexOf('/', StringComparison.Ordinal)))))
                    {
                        return $"\"{part}\" is not an {(v6 ? "IPv6" : "IPv4")} prefix (as in {(v6 ? "fd00::/104" : "10.0.0.0/8")}, host bits zero)";
                    }
                }

                return null;
            });

    internal static ConfigKey Text(string name, string @default, string summary, bool live = false, int max = 4096) =>
        new(name, "text", @default, summary, live, [], v => v.Length <= max ? null : $"longer than {max} characters");

    /// <summary>The parts of a list value; Cilium separates with spaces, people type commas.</summary>
    internal static string[] SplitList(string value) =>
        value.Split([' ', ',', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string Wrong(string value, string expected, string[] choices)
    {
        string? near = NearestName.Find(value.Trim().ToLowerInvariant(), choices);
        return near is null ? $"\"{value}\" is not {expected}" : $"\"{value}\" is not {expected}; did you mean \"{near}\"?";
    }
}
