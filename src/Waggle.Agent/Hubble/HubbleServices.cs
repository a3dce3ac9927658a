using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Waggle.Agent.Config;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Monitor;
using Waggle.Hosting.Config;
using Waggle.Hubble.Assembly;
using Waggle.Hubble.Consumers;
using Waggle.Hubble.Observing;
using Waggle.Hubble.Ring;

namespace Waggle.Agent.Hubble;

internal static class HubbleServices
{
    public static void AddHubble(this IServiceCollection services, WaggleConfig config)
    {
        if (!config.Flag("enable-hubble"))
        {
            services.AddSingleton(HubbleState.Disabled);
            return;
        }

        HubbleOptions options = HubbleOptions.Of(config);
        services.AddSingleton(options);
        services.AddSingleton(p => new HubbleState(p.GetRequiredService<FlowObserver>(), p.GetRequiredService<FlowConsumers>()));
        services.AddSingleton(_ => new FlowRing(options.Capacity, BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) | 1));
        services.AddSingleton<FlowConsumers>();
        services.AddSingleton<IFlowSource>(p => p.GetRequiredService<FlowConsumers>());
        services.AddSingleton<HubbleMetadata>();
        services.AddSingleton<IFlowMetadata>(p => p.GetRequiredService<HubbleMetadata>());
        services.AddSingleton<FlowPipeline>();
        services.AddSingleton(p => new FlowObserver(
            p.GetRequiredService<FlowRing>(), p.GetRequiredService<FlowPipeline>().Namespaces,
            () => new ObserverOptions($"waggle v{typeof(HubbleServices).Assembly.GetName().Version?.ToString(3)}", p.GetRequiredService<HubbleMetadata>().Node, options.Listen?.ToString() ?? "", options.Tls),
            p.GetRequiredService<TimeProvider>()));
        services.AddSingleton<AgentEvents>();
        services.AddSingleton(p => new LocalEndpoints(p.GetRequiredService<HubbleMetadata>(), p.GetRequiredService<AgentEvents>(), p.GetRequiredService<EndpointTable>(), p.GetRequiredService<ConfigState>().Current.ClusterName));
        services.AddSingleton<IEventTap, EventAdapter>();
        services.AddSingleton<IEventTap, DebugTap>();
        services.AddHostedService<MetadataFollower>();
        services.AddHostedService<ServiceFollower>();
        services.AddHostedService<PolicyEvents>();
        services.AddHostedService<HubbleService>();
    }
}
