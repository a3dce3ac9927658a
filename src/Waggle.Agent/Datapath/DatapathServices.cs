using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Waggle.Bpf;
using Waggle.Datapath.Attaching;
using Waggle.Datapath.Loading;
using Waggle.Datapath.Maps;
using Waggle.Hosting.Config;
using Waggle.Hosting.Metrics;
using Waggle.Netlink;

namespace Waggle.Agent.Datapath;

internal static class DatapathServices
{
    public static void AddDatapath(this IServiceCollection services, WaggleConfig config)
    {
        var paths = new DatapathPaths(config["bpf-root"]);
        services.AddSingleton(paths);
        services.AddSingleton(new DatapathLoaderOptions
        {
            Paths = paths,
            MapSizes = new Dictionary<string, uint>
            {
                [MapCatalogue.PolicyPeers.Name] = (uint)config.Number("bpf-policy-map-max"),
                [MapCatalogue.PolicyRules.Name] = (uint)config.Number("bpf-policy-rules-map-max"),
                [MapCatalogue.Conntrack.Name] = (uint)config.Number("bpf-ct-global-any-max"),
            },
        });
        services.AddSingleton<DatapathLoader>();
        services.AddSingleton(_ => Rtnl.Open());
        services.AddSingleton(p => new Attachments(paths, new BpfFeatures(), p.GetRequiredService<Rtnl>(), p.GetRequiredService<ILogger<Attachments>>()));
        services.AddSingleton<DatapathState>();
        services.AddSingleton<DatapathControl>();
        services.AddSingleton<DatapathService>();
        services.AddHostedService(p => p.GetRequiredService<DatapathService>());
        services.AddSingleton<NatSweeper>();
        services.AddHostedService(p => p.GetRequiredService<NatSweeper>());
        services.AddSingleton<IMetricsSource, DatapathMetrics>();
    }
}
