using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Waggle.Hosting.Metrics;
using Waggle.Hubble.Consumers;
using Waggle.Hubble.Export.Configuration;

namespace Waggle.Hubble.Export;

/// <summary>The exporters of a node: one from the agent's configuration at most, and those of a file that is read again as it changes.</summary>
/// <param name="queue">Flows that may wait for each of them.</param>
public sealed partial class ExporterSet(ExporterFactory factory, IFlowSource flows, TimeProvider time, ILogger<ExporterSet> logger, int queue = 16384) : IMetricsSource, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Running> _running = [];
    private readonly Dictionary<string, long> _changes = new() { ["add"] = 0, ["update"] = 0, ["remove"] = 0, ["failure"] = 0 };
    private string? _lastText, _lastProblem;
    private double _hash, _applied;
    private bool _dynamic;

    /// <summary>Starts an exporter that stays.</summary>
    /// <exception cref="FlowLogException">It cannot be made.</exception>
    public void AddStatic(FlowLog log) => Start(log);

    /// <summary>Names of the exporters now, with what became of their flows.</summary>
    public IReadOnlyList<(string Name, ExportStatistics Statistics)> Exporters
    {
        get
        {
            lock (_lock)
            {
                return [.. _running.Select(pair => (pair.Key, pair.Value.Exporter.Statistics))];
            }
        }
    }

    /// <summary>Reads the dynamic configuration; what did not change goes on undisturbed. A bad file changes nothing.</summary>
    /// <returns>Whether the file was good.</returns>
    public async Task<bool> ReloadAsync(string path)
    {
        _dynamic = true;
        try
        {
            string text = await File.ReadAllTextAsync(path).ConfigureAwait(false);
            if (text == _lastText)
            {
                return true;
            }

            await ApplyAsync(FlowLogFile.Parse(text)).ConfigureAwait(false);
            (_lastText, _lastProblem) = (text, null);
            _hash = BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
            _applied = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
            return true;
        }
        catch (Exception wrong) when (wrong is FlowLogException or IOException or UnauthorizedAccessException)
        {
            // The file is looked at every few seconds: what is wrong with it is told once.
            Count("failure");
            if (_lastProblem != wrong.Message)
            {
                _lastProblem = wrong.Message;
                LogBad(path, wrong.Message);
            }

            return false;
        }
    }

    public void Write(MetricsWriter writer)
    {
        Running[] all;
        KeyValuePair<string, long>[] changes;
        lock (_lock)
        {
            (all, changes) = ([.. _running.Values], [.. _changes]);
        }

        (string Outcome, Func<ExportStatistics, long> Of)[] outcomes = [("exported", s => s.Exported), ("filtered", s => s.Filtered), ("aggregated", s => s.Aggregated), ("failed", s => s.Failed), ("lost", s => s.Lost)];
        writer.Family("hubble_exporter_flows_total", "counter", "Flows of an exporter by what became of them.");
        foreach (Running each in all)
        {
            foreach ((string outcome, Func<ExportStatistics, long> of) in outcomes)
            {
                writer.Sample(of(each.Exporter.Statistics), ("name", each.Log.Name), ("outcome", outcome));
            }
        }

        if (!_dynamic)
        {
            return;
        }

        Running[] dynamic = [.. all.Where(each => each.Dynamic)];
        int active = dynamic.Count(each => each.Exporter.Active);
        writer.Family("hubble_dynamic_exporter_exporters_total", "gauge", "Number of configured exporters").Sample(active, ("status", "active")).Sample(dynamic.Length - active, ("status", "inactive"));
        writer.Family("hubble_dynamic_exporter_up", "gauge", "Status of individual exporters");
        foreach (Running each in dynamic)
        {
            writer.Sample(each.Exporter.Active ? 1 : 0, ("name", each.Log.Name));
        }

        writer.Family("hubble_dynamic_exporter_reconfigurations_total", "counter", "Number of dynamic exporters reconfigurations");
        foreach ((string operation, long count) in changes)
        {
            writer.Sample(count, ("op", operation));
        }

        writer.Family("hubble_dynamic_exporter_config_hash", "gauge", "Hash of last applied config").Sample(_hash);
        writer.Family("hubble_dynamic_exporter_config_last_applied", "gauge", "Timestamp of last applied config").Sample(_applied);
    }

    public async ValueTask DisposeAsync()
    {
        Running[] all;
        lock (_lock)
        {
            all = [.. _running.Values];
            _running.Clear();
        }

        foreach (Running each in all)
        {
            await each.StopAsync().ConfigureAwait(false);
        }
    }

    private async Task ApplyAsync(IReadOnlyList<FlowLog> wanted)
    {
        // All are made before any is stopped: one that cannot be made leaves everything as it was.
        var fresh = new List<(FlowLog Log, FlowExporter Exporter)>();
        var gone = new List<Running>();
        try
        {
            foreach (FlowLog log in wanted)
            {
                Running? known = Find(log.Name);
                if (known is { Dynamic: false })
                {
                    throw new FlowLogException($"flowLog \"{log.Name}\" has the name of the static exporter");
                }

                if (known?.Fingerprint != log.Fingerprint())
                {
                    fresh.Add((log, factory.Make(log)));
                }
            }
        }
        catch (FlowLogException)
        {
            foreach ((_, FlowExporter exporter) in fresh)
            {
                await exporter.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }

        lock (_lock)
        {
            foreach (Running each in _running.Values.Where(each => each.Dynamic && wanted.All(log => log.Name != each.Log.Name)).ToArray())
            {
                _running.Remove(each.Log.Name);
                gone.Add(each);
                _changes["remove"]++;
                LogChanged("removed", each.Log.Name, each.Log.FilePath);
            }

            foreach ((FlowLog log, _) in fresh)
            {
                if (_running.Remove(log.Name, out Running? old))
                {
                    gone.Add(old);
                }

                _changes[old is null ? "add" : "update"]++;
                LogChanged(old is null ? "added" : "updated", log.Name, log.FilePath);
            }
        }

        // The old one closes its file before the new one may open it.
        foreach (Running each in gone)
        {
            await each.StopAsync().ConfigureAwait(false);
        }

        foreach ((FlowLog log, FlowExporter exporter) in fresh)
        {
            Run(log, exporter, dynamic: true);
        }
    }

    private Running? Find(string name)
    {
        lock (_lock)
        {
            return _running.GetValueOrDefault(name);
        }
    }

    private void Start(FlowLog log) => Run(log, factory.Make(log), dynamic: false);

    private void Run(FlowLog log, FlowExporter exporter, bool dynamic)
    {
        IFlowSubscription subscription = flows.Subscribe(exporter, queue);
        lock (_lock)
        {
            _running.Add(log.Name, new Running(log, log.Fingerprint(), exporter, subscription, dynamic));
        }
    }

    private void Count(string change)
    {
        lock (_lock)
        {
            _changes[change]++;
        }
    }

    [LoggerMessage(7053, LogLevel.Warning, "Flow log configuration {Path} is not used: {Problem}")]
    private partial void LogBad(string path, string problem);

    [LoggerMessage(7054, LogLevel.Information, "Flow log {Change}: {Name} to {Target}")]
    private partial void LogChanged(string change, string name, string target);

    private sealed record Running(FlowLog Log, string Fingerprint, FlowExporter Exporter, IFlowSubscription Subscription, bool Dynamic)
    {
        public async ValueTask StopAsync()
        {
            await Subscription.DisposeAsync().ConfigureAwait(false);
            await Exporter.DisposeAsync().ConfigureAwait(false);
        }
    }
}
