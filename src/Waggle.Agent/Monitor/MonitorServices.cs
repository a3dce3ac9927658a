using Microsoft.Extensions.DependencyInjection;

namespace Waggle.Agent.Monitor;

internal static class MonitorServices
{
    public static void AddMonitor(this IServiceCollection services)
    {
        services.AddSingleton<MonitorDemand>();
    }
}
