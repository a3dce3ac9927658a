using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Api;
using Waggle.Agent.Cni;
using Waggle.Agent.Config;
using Waggle.Agent.Datapath;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Hubble;
using Waggle.Agent.HubbleOutlets;
using Waggle.Agent.Identities;
using Waggle.Agent.IpCache;
using Waggle.Agent.Ipam;
using Waggle.Agent.Kubernetes;
using Waggle.Agent.Limits;
using Waggle.Agent.Monitor;
using Waggle.Agent.Multicast;
using Waggle.Agent.Nodes;
using Waggle.Agent.Policy;
using Waggle.Agent.Routing;
using Waggle.Agent.Services;
using Waggle.Agent.Startup;
using Waggle.Hosting.Config;
using Waggle.Kube.Client;

namespace Waggle.Agent;

/// <summary>What an agent is made of.</summary>
internal static class AgentComposition
{
    /// <summary>The features, in the order in which their services start.</summary>
    public static IHost Build(AgentArguments arguments, WaggleConfig config, IReadOnlyList<string> refused, KubeClient kube, ILoggerFactory logs)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        IServiceCollection services = builder.Services;
        services.AddSingleton(logs);
        services.AddSingleton(arguments);
        services.AddSingleton(kube);
        services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(2));

        services.AddFoundation(); // tables, health, clock: everything stands on them
        services.AddConfig(config, refused); // what holds now, changed live by the ConfigMap
        services.AddApi(); // first door to open: people can look at a start that does not go on
        services.AddKubernetes(); // copies of API objects
        services.AddDatapath(config); // maps and programs; adopted, attached, replaced
        services.AddNodeRouting(); // devices and routes of the node
        services.AddNodes(); // who else is there
        services.AddIdentities(); // labels → numbers
        services.AddIpam(); // addresses for pods
        services.AddEndpoints(); // pods of this node
        services.AddServices(); // addresses of Services
        services.AddIpCache(); // addresses → identities and tunnels
        services.AddPolicy(); // policies → what the programs let pass
        services.AddMulticast(); // groups, members, interest of other nodes, queries
        services.AddLimits(); // how near the next one is
        services.AddMonitor(); // events of the programs
        services.AddHubble(config); // flows, served to clients
        services.AddHubbleOutlets(config); // flows as metrics, exports, Events and recordings
        services.AddCni(); // last: calls of the runtime find everything in place
        services.AddStartup(); // the steps that bring all of it up
        return builder.Build();
    }
}
