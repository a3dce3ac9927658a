using Microsoft.Extensions.DependencyInjection;
using Waggle.Hosting.Metrics;

namespace Waggle.Agent.Ipam;

internal static class IpamServices
{
    public static void AddIpam(this IServiceCollection services)
    {
        services.AddSingleton<PodAddresses>();
        services.AddSingleton<IMetricsSource, IpamMetrics>();
    }
}
