using Microsoft.Extensions.DependencyInjection;
using Waggle.Agent.Startup;

namespace Waggle.Agent.IpCache;

internal static class IpCacheServices
{
    public static void AddIpCache(this IServiceCollection services)
    {
        services.AddSingleton<IpCacheTable>();
        services.AddSingleton<IpCacheTarget>();
        services.AddHostedService<IpCacheSources>();
        services.AddReconciler<IpCacheKey, IpCacheRow, IpCacheTable, IpCacheTarget>("bpf", r => r.Datapath);
    }
}
