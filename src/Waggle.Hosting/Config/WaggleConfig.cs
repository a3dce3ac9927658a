using System.Globalization;
using System.Net;

namespace Waggle.Hosting.Config;

/// <summary>One valid configuration. Immutable: a change of the ConfigMap makes a new one.</summary>
public sealed class WaggleConfig
{
    private readonly IReadOnlyDictionary<string, string> _values;

    private WaggleConfig(IReadOnlyDictionary<string, string> values) => _values = values;

    /// <summary>All defaults.</summary>
    public static WaggleConfig Default { get; } = new(new Dictionary<string, string>());

    /// <summary>Reads a ConfigMap's data.</summary>
    /// <param name="data">Keys and values as written.</param>
    /// <param name="problems">One sentence for each bad value (the default or previous value holds for it) and each unknown key (it is not used).</param>
    /// <param name="previous">Where a bad value falls back to; null: the key's default.</param>
    /// <param name="badValues">How many of the problems are bad values of known keys; a first start with one is refused.</param>
    /// <remarks>An agent refuses a ConfigMap with any problem as a whole and keeps what it has; <c>cilium config set</c> refuses to write one.</remarks>
    public static WaggleConfig Parse(IEnumerable<KeyValuePair<string, string>> data, out IReadOnlyList<string> problems, out int badValues, WaggleConfig? previous = null)
    {
        var found = new List<string>();
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        badValues = 0;
        foreach ((string name, string raw) in data.OrderBy(d => d.Key, StringComparer.Ordinal))
        {
            string value = raw.Trim();
            if (ConfigKeys.Find(name) is not { } key)
            {
                found.Add(ConfigKeys.Unknown(name));
            }
            else if (key.Check(value) is { } problem)
            {
                badValues++;
                found.Add(problem);
                if (previous is not null)
                {
                    values[name] = previous[name];
                }
            }
            else
            {
                values[name] = value;
            }
        }

        var config = new WaggleConfig(values);
        foreach (string conflict in config.Conflicts())
        {
            badValues++;
            found.Add(conflict);
        }

        problems = found;
        return config;
    }

    /// <summary>The value in force: the ConfigMap's, or the key's default.</summary>
    public string this[string name] => _values.TryGetValue(name, out string? value) ? value : ConfigKeys.Find(name)?.Default ?? throw new ArgumentException(ConfigKeys.Unknown(name), nameof(name));

    /// <summary>What the ConfigMap sets, by key.</summary>
    public IReadOnlyDictionary<string, string> Values => _values;

    /// <summary>True where the ConfigMap sets the key.</summary>
    public bool IsSet(string name) => _values.ContainsKey(name);

    public bool Flag(string name) => this[name] == "true";

    public int Number(string name) => int.Parse(this[name], CultureInfo.InvariantCulture);

    public TimeSpan Duration(string name) => ConfigDuration.TryParse(this[name], out TimeSpan value) ? value : TimeSpan.Zero;

    public IReadOnlyList<IPNetwork> Networks(string name) => [.. ConfigKey.SplitList(this[name]).Select(IPNetwork.Parse)];

    public bool Ipv4 => Flag("enable-ipv4");

    public bool Ipv6 => Flag("enable-ipv6");

    public bool Tunnel => this["routing-mode"] == "tunnel";

    public string ClusterName => this["cluster-name"];

    private IEnumerable<string> Conflicts()
    {
        if (!Ipv4 && !Ipv6)
        {
            yield return "enable-ipv4, enable-ipv6: at least one must be true";
        }

        foreach ((string cidrs, string size) in new[] { ("cluster-pool-ipv4-cidr", "cluster-pool-ipv4-mask-size"), ("cluster-pool-ipv6-cidr", "cluster-pool-ipv6-mask-size") })
        {
            foreach (IPNetwork pool in Networks(cidrs))
            {
                if (pool.PrefixLength > Number(size))
                {
                    yield return $"{size}: {Number(size)} does not fit into {cidrs} {pool}";
                }
            }
        }
    }
}
