using Microsoft.Extensions.Hosting;
using Waggle.Agent.Startup;

namespace Waggle.Agent.Kubernetes;

/// <summary>Keeps the copies of API objects up to date. The ConfigMap has its own service.</summary>
internal sealed class KubeSourcesService(KubeSources kube, Readiness readiness) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        kube.Pods.RunAsync(stoppingToken), kube.Node.RunAsync(stoppingToken), kube.Namespaces.RunAsync(stoppingToken), kube.CiliumNodes.RunAsync(stoppingToken), kube.CiliumIdentities.RunAsync(stoppingToken),
        kube.CiliumEndpoints.RunAsync(stoppingToken), kube.MulticastGroups.RunAsync(stoppingToken), kube.MulticastNodes.RunAsync(stoppingToken),
        kube.NetworkPolicies.RunAsync(stoppingToken), kube.CiliumNetworkPolicies.RunAsync(stoppingToken), kube.CiliumClusterwideNetworkPolicies.RunAsync(stoppingToken),
        kube.CiliumCidrGroups.RunAsync(stoppingToken), kube.Services.RunAsync(stoppingToken), kube.EndpointSlices.RunAsync(stoppingToken), SayWhenCompleteAsync(stoppingToken));

    private async Task SayWhenCompleteAsync(CancellationToken stoppingToken)
    {
        await Task.WhenAll(
            kube.Pods.Synced, kube.Node.Synced, kube.Namespaces.Synced, kube.CiliumNodes.Synced, kube.CiliumIdentities.Synced, kube.CiliumEndpoints.Synced, kube.MulticastGroups.Synced,
            kube.MulticastNodes.Synced, kube.NetworkPolicies.Synced, kube.CiliumNetworkPolicies.Synced, kube.CiliumClusterwideNetworkPolicies.Synced, kube.CiliumCidrGroups.Synced,
            kube.Services.Synced, kube.EndpointSlices.Synced).WaitAsync(stoppingToken).ConfigureAwait(false);
        readiness.SourcesComplete();
    }
}
