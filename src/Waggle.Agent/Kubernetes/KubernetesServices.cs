using Microsoft.Extensions.DependencyInjection;

namespace Waggle.Agent.Kubernetes;

internal static class KubernetesServices
{
    public static void AddKubernetes(this IServiceCollection services)
    {
        services.AddSingleton<KubeSources>();
        services.AddSingleton<PodEvents>();
        services.AddHostedService<KubeSourcesService>();
    }
}
