using Microsoft.Extensions.DependencyInjection;
using Waggle.Agent.Startup;
using Waggle.Hosting.Metrics;

namespace Waggle.Agent.Multicast;

internal static class MulticastServices
{
    public static void AddMulticast(this IServiceCollection services)
    {
        services.AddSingleton<MembershipControl>();
        services.AddSingleton<SlotWriter>();
        services.AddSingleton<Querier>();
        services.AddHostedService(p => p.GetRequiredService<Querier>());

        services.AddSingleton<GroupTable>();
        services.AddSingleton<GroupTarget>();
        services.AddHostedService<GroupSource>();
        services.AddReconciler<GroupKey, GroupRow, GroupTable, GroupTarget>("bpf", r => r.Datapath);

        services.AddSingleton<MemberTable>();
        services.AddSingleton<MemberSource>();
        services.AddHostedService(p => p.GetRequiredService<MemberSource>());
        services.AddHostedService<InterestPublisher>();
        services.AddHostedService<FanOutService>();

        services.AddSingleton<ManualGroups>();
        services.AddSingleton<InterestTable>();
        services.AddSingleton<RemoteJoinTable>();
        services.AddSingleton<RemoteJoinTarget>();
        services.AddHostedService<InterestSource>();
        services.AddReconciler<(GroupKey, int), RemoteJoinRow, RemoteJoinTable, RemoteJoinTarget>("bpf", r => r.Datapath);

        services.AddSingleton<IMetricsSource, MulticastMetrics>();
    }
}
