using System.Globalization;
using System.Text;

namespace Waggle.Hosting.Metrics;

/// <summary>
/// Writes the Prometheus text format (version 0.0.4), or OpenMetrics 1.0, which alone has exemplars. One family after the other:
/// <see cref="Family"/>, then its samples.
/// </summary>
/// <param name="openMetrics">Write OpenMetrics; <see cref="End"/> then closes the text.</param>
public sealed class MetricsWriter(bool openMetrics = false)
{
    private readonly StringBuilder _text = new();
    private string _name = "";

    /// <summary>The media type of what is written.</summary>
    public string ContentType => openMetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Starts a family.</summary>
    /// <param name="name">Snake case, with unit; counters end in <c>_total</c>.</param>
    /// <param name="type"><c>counter</c>, <c>gauge</c> or <c>histogram</c>.</param>
    /// <param name="help">One line.</param>
    public MetricsWriter Family(string name, string type, string help)
    {
        _name = name;

        // OpenMetrics names the family without the suffix that its samples have.
        string family = openMetrics && type == "counter" && name.EndsWith("_total", StringComparison.Ordinal) ? name[..^"_total".Length] : name;
        string kind = openMetrics && type == "counter" && family == name ? "unknown" : type;
        _text.Append("# HELP ").Append(family).Append(' ').Append(help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('\n')
            .Append("# TYPE ").Append(family).Append(' ').Append(kind).Append('\n');
        return this;
    }

    /// <summary>One sample of the family; labels in the order given.</summary>
    public MetricsWriter Sample(double value, params ReadOnlySpan<(string Name, string Value)> labels) => Sample("", value, default, labels);

    /// <summary>One sample whose name is the family's with a suffix: <c>_bucket</c>, <c>_sum</c>, <c>_count</c>.</summary>
    /// <param name="exemplar">Left out of the older format and when it has no trace id.</param>
    public MetricsWriter Sample(string suffix, double value, Exemplar exemplar, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        _text.Append(_name).Append(suffix);
        for (int i = 0; i < labels.Length; i++)
        {
            _text.Append(i == 0 ? '{' : ',').Append(labels[i].Name).Append("=\"");
            Escape(labels[i].Value);
            _text.Append('"');
        }

        if (labels.Length > 0)
        {
            _text.Append('}');
        }

        _text.Append(' ').Append(Number(value));
        if (openMetrics && exemplar.TraceId is { Length: > 0 } trace)
        {
            _text.Append(" # {traceID=\"");
            Escape(trace);
            _text.Append("\"} ").Append(Number(exemplar.Value));
        }

        _text.Append('\n');
        return this;
    }

    /// <summary>Closes the text.</summary>
    public MetricsWriter End()
    {
        if (openMetrics)
        {
            _text.Append("# EOF\n");
        }

        return this;
    }

    public override string ToString() => _text.ToString();

    private static string Number(double value) => double.IsPositiveInfinity(value) ? "+Inf" : value.ToString("R", CultureInfo.InvariantCulture);

    private void Escape(string value)
    {
        foreach (char c in value)
        {
            _ = c switch
            {
                '\\' => _text.Append("\\\\"),
                '"' => _text.Append("\\\""),
                '\n' => _text.Append("\\n"),
                _ => _text.Append(c),
            };
        }
    }
}

/// <summary>One measured event behind a sample: the trace it belongs to and its value.</summary>
public readonly record struct Exemplar(string? TraceId, double Value);
