using Microsoft.Extensions.DependencyInjection;
using Waggle.Agent.Nodes;
using Waggle.Agent.Startup;

namespace Waggle.Agent.Routing;

internal static class RoutingServices
{
    public static void AddNodeRouting(this IServiceCollection services)
    {
        services.AddSingleton<NodeDevices>();
        services.AddSingleton<NodeRoutes>();
        services.AddReconciler<string, NodeRow, NodeTable, NodeRoutes>("routes", r => r.Datapath);
        services.AddSingleton<NodeNeighbours>();
        services.AddReconciler<string, NodeRow, NodeTable, NodeNeighbours>("neighbours", r => r.Datapath);
    }
}
