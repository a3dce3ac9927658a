using Microsoft.Extensions.DependencyInjection;
using Waggle.Hosting.Metrics;

namespace Waggle.Agent.Cni;

internal static class CniServices
{
    public static void AddCni(this IServiceCollection services)
    {
        services.AddSingleton<CniMetrics>();
        services.AddSingleton<IMetricsSource>(p => p.GetRequiredService<CniMetrics>());
        services.AddHostedService<CniServer>();
    }
}
