using Microsoft.Extensions.DependencyInjection;

namespace Waggle.Agent.Identities;

internal static class IdentityServices
{
    public static void AddIdentities(this IServiceCollection services)
    {
        services.AddSingleton<IdentityTable>();
        services.AddSingleton<IdentityAllocator>();
        services.AddSingleton<PodIdentities>();
        services.AddHostedService<IdentitySource>();
    }
}
