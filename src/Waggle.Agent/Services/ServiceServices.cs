using Microsoft.Extensions.DependencyInjection;

namespace Waggle.Agent.Services;

internal static class ServiceServices
{
    public static void AddServices(this IServiceCollection services)
    {
        services.AddSingleton<ServiceFrontendTable>();
        services.AddHostedService<ServiceFrontendSource>();
    }
}
