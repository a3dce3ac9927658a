using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Kubernetes;
using Waggle.Kube.Informers;
using Waggle.Kube.Resources;

namespace Waggle.Agent.Config;

/// <summary>Takes up changes of ConfigMap <c>cilium-config</c> as they happen.</summary>
internal sealed partial class ConfigSource(KubeSources kube, ConfigState state, ILogger<ConfigSource> logger) : BackgroundService
{
    public const string ConfigMapName = "cilium-config";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
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
        state.Apply(map.Data);
        foreach (ConfigRow row in state.Table.View.All())
        {
            if (before.GetValueOrDefault(row.Key) is { } old && old != row.Value)
            {
                LogChanged(row.Key, old, row.Value);
            }
        }

        foreach (string problem in state.Problems)
        {
            LogProblem(problem);
        }
    }

    [LoggerMessage(1001, LogLevel.Information, "configuration: {Key} is now \"{Value}\" (was \"{Old}\")")]
    private partial void LogChanged(string key, string old, string value);

    [LoggerMessage(1002, LogLevel.Warning, "configuration: {Problem}")]
    private partial void LogProblem(string problem);
}
