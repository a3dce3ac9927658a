using Waggle.Hosting.Metrics;

namespace Waggle.Agent.Cni;

/// <summary>Calls of the plugin by command and outcome, with the time they took.</summary>
internal sealed class CniMetrics : IMetricsSource
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<(string Command, int Code), (long Count, double Seconds)> _calls = [];

    public void Count(string command, int code, TimeSpan time)
    {
        lock (_lock)
        {
            (long count, double seconds) = _calls.GetValueOrDefault((command, code));
            _calls[(command, code)] = (count + 1, seconds + time.TotalSeconds);
        }
    }

    public void Write(MetricsWriter writer)
    {
        lock (_lock)
        {
            writer.Family("cilium_cni_calls_total", "counter", "CNI calls by command and error code (0: success).");
            foreach (((string command, int code), (long count, _)) in _calls)
            {
                writer.Sample(count, ("command", command), ("code", code.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            }

            writer.Family("cilium_cni_seconds_total", "counter", "Time spent in CNI calls, in seconds.");
            foreach (((string command, int code), (_, double seconds)) in _calls)
            {
                writer.Sample(seconds, ("command", command), ("code", code.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            }
        }
    }
}
