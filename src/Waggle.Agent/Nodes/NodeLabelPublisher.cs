using System.Text.Json.Nodes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Kubernetes;
using Waggle.Agent.Startup;
using Waggle.Kube.Client;
using Signal = Waggle.Hosting.Loops.Signal;

namespace Waggle.Agent.Nodes;

/// <summary>Labels of this node's Node object → those of its CiliumNode, by which the other nodes know it.</summary>
internal sealed partial class NodeLabelPublisher(KubeSources kube, AgentArguments arguments, Readiness readiness, TimeProvider time, ILogger<NodeLabelPublisher> logger) : BackgroundService
{
    private static readonly TimeSpan Rest = TimeSpan.FromMinutes(5), RetryWait = TimeSpan.FromSeconds(2);
    private readonly Signal _changed = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        kube.Node.OnChange(_ => _changed.Set());
        await readiness.Sources.WaitAsync(stoppingToken).ConfigureAwait(false);
        while (true)
        {
            bool done = await PublishAsync(stoppingToken).ConfigureAwait(false);
            await _changed.WaitAsync(done ? Rest : RetryWait, time, stoppingToken).ConfigureAwait(false);
        }
    }

    private async Task<bool> PublishAsync(CancellationToken cancellation)
    {
        if (kube.Node.Find(null, arguments.NodeName) is not { } node || kube.CiliumNodes.Find(null, arguments.NodeName) is not { } own)
        {
            return false;
        }

        var labels = new JsonObject();
        foreach ((string key, string value) in node.Metadata.Labels.Where(l => own.Metadata.Labels.GetValueOrDefault(l.Key) != l.Value))
        {
            labels[key] = value;
        }

        foreach (string gone in own.Metadata.Labels.Keys.Where(k => !node.Metadata.Labels.ContainsKey(k)))
        {
            labels[gone] = null;
        }

        try
        {
            if (labels.Count > 0)
            {
                var patch = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = labels } };
                await kube.Client.PatchAsync(KubeTypes.CiliumNodes, null, arguments.NodeName, KubePatch.Merge(patch), cancellation: cancellation).ConfigureAwait(false);
            }

            return true;
        }
        catch (KubeApiException e)
        {
            LogFailed(e.Message);
            return false;
        }
    }

    [LoggerMessage(1063, LogLevel.Warning, "this node's labels are not in its CiliumNode: {Problem}; trying again")]
    private partial void LogFailed(string problem);
}
