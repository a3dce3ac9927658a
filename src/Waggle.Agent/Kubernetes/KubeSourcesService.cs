using Microsoft.Extensions.Hosting;
using Waggle.Agent.Startup;

namespace Waggle.Agent.Kubernetes;

/// <summary>Keeps the copies of API objects up to date. The ConfigMap has its own service.</summary>
internal sealed class KubeSourcesService(KubeSources kube, Readiness readiness) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(kube.RunAsync(stoppingToken), SayWhenCompleteAsync(stoppingToken));

    private async Task SayWhenCompleteAsync(CancellationToken stoppingToken)
    {
        await kube.Synced.WaitAsync(stoppingToken).ConfigureAwait(false);
        readiness.SourcesComplete();
    }
}
