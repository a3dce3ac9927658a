using Microsoft.Extensions.DependencyInjection;
using Waggle.Agent.Config;
using Waggle.Agent.Slots;
using Waggle.Agent.Startup;
using Waggle.Datapath.Abi;

namespace Waggle.Agent.Endpoints;

internal static class EndpointServices
{
    public static void AddEndpoints(this IServiceCollection services)
    {
        services.AddSingleton<EndpointTable>();
        services.AddSingleton(p => new EndpointStore(Path.Combine(p.GetRequiredService<ConfigState>().Current["state-dir"], "state")));
        services.AddSingleton(new SlotAllocator(AbiConstants.McastSlots));
        services.AddSingleton<PodNetwork>();
        services.AddSingleton<EndpointMaps>();
        services.AddSingleton<EndpointDatapath>();
        services.AddSingleton<EndpointManager>();
        services.AddSingleton<CiliumEndpointTarget>();
        services.AddReconciler<int, EndpointRow, EndpointTable, EndpointDatapath>("bpf", r => r.Datapath);
        services.AddReconciler<int, EndpointRow, EndpointTable, CiliumEndpointTarget>("api", r => r.Node);
        services.AddHostedService<PodFollower>();
    }
}
