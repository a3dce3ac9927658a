using Microsoft.Extensions.DependencyInjection;
using Waggle.Agent.Api;

namespace Waggle.Agent.Monitor;

internal static class MonitorServices
{
    public static void AddMonitor(this IServiceCollection services)
    {
        services.AddSingleton<MonitorDemand>();
        services.AddSingleton<EventHub>();
        services.AddSingleton<IApiRoutes, MonitorRoutes>();
        services.AddHostedService<EventService>();
    }
}
