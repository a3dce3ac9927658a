namespace Waggle.Hubble.Metrics.Configuration;

/// <summary>The value of <c>hubble-metrics</c>: <c>dns:query;ignoreAAAA drop:sourceContext=pod|ip;labelsContext=source_namespace,traffic_direction</c>.</summary>
/// <remarks>Metrics are separated by blanks. A comma separates them too, unless it continues the list of a <c>labelsContext</c>.</remarks>
public static class MetricsSyntax
{
    /// <exception cref="MetricsConfigException">A name is missing or a metric is named twice.</exception>
    public static IReadOnlyList<MetricDefinition> Parse(string text)
    {
        var metrics = new List<MetricDefinition>();
        foreach (string word in text.Split([' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (string metric in SplitAtCommas(word))
            {
                MetricDefinition definition = ParseOne(metric);
                metrics.Add(metrics.Any(known => known.Name == definition.Name) ? throw new MetricsConfigException($"metric \"{definition.Name}\" is named twice") : definition);
            }
        }

        return metrics;
    }

    private static MetricDefinition ParseOne(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string name = colon < 0 ? text : text[..colon];
        if (name.Length == 0)
        {
            throw new MetricsConfigException($"\"{text}\" has no metric's name before the colon");
        }

        return new MetricDefinition(name, colon < 0 ? [] : [.. text[(colon + 1)..].Split(';', StringSplitOptions.RemoveEmptyEntries).Select(ParseOption)]);
    }

    private static MetricOption ParseOption(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals < 0
            ? new MetricOption(text, [])
            : new MetricOption(text[..equals], text[(equals + 1)..].Split(text.Contains('|') ? '|' : ',', StringSplitOptions.RemoveEmptyEntries));
    }

    // "drop,flow:labelsContext=source_pod,source_ip,tcp": a part that is a context label's name continues the list before it.
    private static List<string> SplitAtCommas(string word)
    {
        var parts = new List<string>();
        foreach (string part in word.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            bool continues = parts.Count > 0 && parts[^1].Contains('=') && (ContextLabels.Known.Contains(part.Split(';')[0]) || !char.IsAsciiLetter(part[0]));
            if (continues)
            {
                parts[^1] += "," + part;
            }
            else
            {
                parts.Add(part);
            }
        }

        return parts;
    }
}
