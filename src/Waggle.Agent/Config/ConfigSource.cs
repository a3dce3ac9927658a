using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Kubernetes;
using Waggle.Kube.Client;
using Waggle.Kube.Events;
using Waggle.Kube.Informers;
using Waggle.Kube.Resources;
using Waggle.State.Health;

namespace Waggle.Agent.Config;

/// <summary>Takes up changes of ConfigMap <c>cilium-config</c> as they happen, and says so where everybody looks when it refuses one: log, health, an Event at the ConfigMap.</summary>
internal sealed partial class ConfigSource(KubeSources kube, ConfigState state, AgentArguments arguments, HealthRegistry health, TimeProvider time, ILogger<ConfigSource> logger) : BackgroundService
{
    public const string ConfigMapName = "cilium-config";
    private const string RefusedReason = "ConfigurationRefused";

    private readonly EventRecorder _events = new(kube.Client, "cilium-agent", arguments.NodeName, time);
    private readonly HealthReporter _health = health.For("config");
    private readonly string _lastGood = LastGoodConfig.PathFor(state.Current);

    /// <summary>For an agent that cannot even start: the Event is all that shows in the cluster.</summary>
    public static Task RefuseStartAsync(EventRecorder events, string @namespace, string node, IReadOnlyList<string> problems, CancellationToken cancellation) =>
        events.WarningAsync(new ObjectReference { ApiVersion = "v1", Kind = "ConfigMap", Namespace = @namespace, Name = ConfigMapName }, RefusedReason, $"the agent of node {node} does not start: {string.Join("; ", problems)}", cancellation);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (state.Problems.Count == 0)
        {
            Keep();
        }

        Report(null);
        kube.Config.OnChange(OnChange);
        await kube.Config.RunAsync(stoppingToken).ConfigureAwait(false);
    }

    private void OnChange(InformerChange<ConfigMap> change)
    {
        // A deleted ConfigMap says nothing: what holds goes on.
        if (change.New is not { } map || map.Metadata.Name != ConfigMapName)
        {
            return;
        }

        var before = state.Table.View.All().ToDictionary(r => r.Key, r => r.Value);
        if (state.Apply(map.Data))
        {
            Keep();
        }

        foreach (ConfigRow row in state.Table.View.All())
        {
            if (before.GetValueOrDefault(row.Key) is { } old && old != row.Value)
            {
                LogChanged(row.Key, old, row.Value);
            }
        }

        Report(map);
    }

    private void Report(ConfigMap? map)
    {
        if (state.Problems.Count == 0)
        {
            _health.Ok();
            return;
        }

        foreach (string problem in state.Problems)
        {
            LogProblem(problem);
        }

        string text = string.Join("; ", state.Problems);
        _health.Degraded($"ConfigMap {arguments.Namespace}/{ConfigMapName} is refused, the configuration before it holds: {text}");
        if (map is not null)
        {
            _ = _events.WarningAsync(KubeTypes.ConfigMaps.Reference(map), RefusedReason, $"node {arguments.NodeName} keeps the configuration it has: {text}");
        }
    }

    private void Keep()
    {
        try
        {
            LastGoodConfig.Save(_lastGood, state.Current);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotKept(_lastGood, e.Message);
        }
    }

    [LoggerMessage(1001, LogLevel.Information, "configuration: {Key} is now \"{Value}\" (was \"{Old}\")")]
    private partial void LogChanged(string key, string old, string value);

    [LoggerMessage(1002, LogLevel.Warning, "configuration refused: {Problem}")]
    private partial void LogProblem(string problem);

    [LoggerMessage(1006, LogLevel.Warning, "the accepted configuration cannot be kept in {Path} for the next start: {Problem}")]
    private partial void LogNotKept(string path, string problem);
}
