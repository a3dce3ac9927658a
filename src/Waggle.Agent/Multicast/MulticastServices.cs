using Microsoft.Extensions.DependencyInjection;

namespace Waggle.Agent.Multicast;

internal static class MulticastServices
{
    public static void AddMulticast(this IServiceCollection services)
    {
        services.AddSingleton<MembershipControl>();
        services.AddSingleton<SlotWriter>();
    }
}
