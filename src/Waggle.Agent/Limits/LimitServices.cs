using Microsoft.Extensions.DependencyInjection;
using Waggle.Agent.Api;
using Waggle.Hosting.Metrics;

namespace Waggle.Agent.Limits;

internal static class LimitServices
{
    public static void AddLimits(this IServiceCollection services)
    {
        services.AddSingleton<NodeLimits>();
        services.AddSingleton<LimitWatch>();
        services.AddSingleton<IMetricsSource>(p => p.GetRequiredService<LimitWatch>());
        services.AddHostedService(p => p.GetRequiredService<LimitWatch>());
        services.AddSingleton<IApiRoutes, LimitRoutes>();
    }
}
