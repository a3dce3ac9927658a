using Microsoft.Extensions.DependencyInjection;

namespace Waggle.Agent.Api;

internal static class ApiServices
{
    public static void AddApi(this IServiceCollection services)
    {
        services.AddSingleton<StatusReport>();
        services.AddHostedService<ApiService>();
    }
}
