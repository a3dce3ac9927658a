using Waggle.Hosting.Metrics;

namespace Waggle.Hubble.Metrics.Series;

/// <summary>All series of one metric. Adding to a known series allocates nothing.</summary>
/// <typeparam name="T">What a series accumulates.</typeparam>
public abstract class MetricFamily<T> : IMetricFamily where T : class, new()
{
    /// <summary>The value of every label of the series that takes what exceeds the limit.</summary>
    public const string Folded = "__folded__";

    private readonly Dictionary<string, Series> _series = [];
    private readonly Dictionary<string, Series>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly Lock _lock = new();
    private readonly int _limit;
    private Series? _folded;
    private long _foldedEvents;

    /// <param name="limit">Series at most; what exceeds them is counted in one more whose labels are all <see cref="Folded"/>.</param>
    protected MetricFamily(string name, string help, IReadOnlyList<string> labels, int limit)
    {
        Name = name;
        Help = help;
        Labels = labels;
        _limit = limit;
        _bySpan = _series.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public string Name { get; }

    public IReadOnlyList<string> Labels { get; }

    public long FoldedEvents => Volatile.Read(ref _foldedEvents);

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _series.Count;
            }
        }
    }

    protected string Help { get; }

    protected abstract string Type { get; }

    public int Remove(Func<IReadOnlyList<string>, bool> condemned)
    {
        lock (_lock)
        {
            List<string>? gone = null;
            foreach ((string key, Series series) in _series)
            {
                if (condemned(series.Values))
                {
                    (gone ??= []).Add(key);
                }
            }

            foreach (string key in gone ?? [])
            {
                _series.Remove(key);
            }

            return gone?.Count ?? 0;
        }
    }

    public void Write(MetricsWriter writer)
    {
        writer.Family(Name, Type, Help);
        var labels = new (string Name, string Value)[Labels.Count];
        lock (_lock)
        {
            foreach (Series series in _series.Values)
            {
                Write(writer, series, labels);
            }

            if (_folded is not null)
            {
                Write(writer, _folded, labels);
            }
        }
    }

    /// <summary>Changes the series with these label values, which is made when it is new.</summary>
    protected void Update<TChange>(ref LabelValues values, TChange change, Action<T, TChange> apply)
    {
        lock (_lock)
        {
            if (!_bySpan.TryGetValue(values.Key, out Series? series))
            {
                if (_series.Count < _limit)
                {
                    string key = values.Key.ToString();
                    series = new Series(Labels.Count == 0 ? [] : LabelValues.Split(key));
                    _series.Add(key, series);
                }
                else
                {
                    series = _folded ??= new Series([.. Labels.Select(_ => Folded)]);
                    _foldedEvents++;
                }
            }

            apply(series.State, change);
        }
    }

    protected abstract void WriteSeries(MetricsWriter writer, T state, ReadOnlySpan<(string Name, string Value)> labels);

    private void Write(MetricsWriter writer, Series series, (string Name, string Value)[] labels)
    {
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = (Labels[i], series.Values[i]);
        }

        WriteSeries(writer, series.State, labels);
    }

    private sealed class Series(string[] values)
    {
        public string[] Values { get; } = values;

        public T State { get; } = new();
    }
}

/// <summary>A metric with its series, whatever they accumulate.</summary>
public interface IMetricFamily
{
    string Name { get; }

    IReadOnlyList<string> Labels { get; }

    /// <summary>Events that had no series of their own because the limit was reached.</summary>
    long FoldedEvents { get; }

    /// <summary>Series now, the folded one not counted.</summary>
    int Count { get; }

    /// <summary>Forgets the series whose label values meet a condition; says how many.</summary>
    int Remove(Func<IReadOnlyList<string>, bool> condemned);

    void Write(MetricsWriter writer);
}
