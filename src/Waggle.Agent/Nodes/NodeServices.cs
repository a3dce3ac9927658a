using Microsoft.Extensions.DependencyInjection;
using Waggle.Agent.Startup;

namespace Waggle.Agent.Nodes;

internal static class NodeServices
{
    public static void AddNodes(this IServiceCollection services)
    {
        services.AddSingleton<NodeTable>();
        services.AddSingleton<OwnNode>();
        services.AddSingleton<NodeMaps>();
        services.AddHostedService<NodeSource>();
        services.AddHostedService<NodeLabelPublisher>();
        services.AddReconciler<string, NodeRow, NodeTable, NodeMaps>("bpf", r => r.Datapath);
        services.AddSingleton<HostAddressTable>();
        services.AddSingleton<HostAddressTarget>();
        services.AddHostedService<HostAddressSource>();
        services.AddReconciler<string, HostAddressRow, HostAddressTable, HostAddressTarget>("bpf", r => r.Datapath);
    }
}
