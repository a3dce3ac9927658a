using Microsoft.Extensions.DependencyInjection;

namespace Waggle.Agent.Identities;

internal static class IdentityServices
{
    public static void AddIdentities(this IServiceCollection services)
    {
        services.AddSingleton<IdentityTable>();
        services.AddSingleton<IdentityAllocator>();
        services.AddSingleton<PodIdentities>();
        services.AddSingleton<IdentityGate>();
        services.AddSingleton<CidrIdentityTable>();
        services.AddSingleton<NodeIdentityTable>();
        services.AddSingleton<ApiServerTable>();
        services.AddHostedService<ApiServerSource>();
        services.AddHostedService<IdentitySource>();
        services.AddHostedService<NodeIdentitySource>();
    }
}
