using Microsoft.Extensions.DependencyInjection;
using Waggle.Agent.Hubble;
using Waggle.Agent.Monitor;
using Waggle.Hosting.Config;
using Waggle.Hosting.Metrics;
using Waggle.Hubble.Export;
using Waggle.Hubble.Metrics;
using Waggle.Hubble.Recording;

namespace Waggle.Agent.HubbleOutlets;

internal static class HubbleOutletServices
{
    /// <summary>What leaves the node besides the API: metrics, exports, Events, recordings. Needs Hubble itself.</summary>
    public static void AddHubbleOutlets(this IServiceCollection services, WaggleConfig config)
    {
        if (!config.Flag("enable-hubble"))
        {
            return;
        }

        if (config["hubble-metrics-server"].Length > 0)
        {
            services.AddSingleton(p => new HubbleMetrics(p.GetRequiredService<TimeProvider>(), config.Number("hubble-metrics-max-series")));
            services.AddHostedService<HubbleMetricsService>();
        }

        if (config["hubble-export-file-path"].Length > 0 || config["hubble-flowlogs-config-path"].Length > 0)
        {
            services.AddSingleton<HubbleExportService>();
            services.AddHostedService(p => p.GetRequiredService<HubbleExportService>());
            if (config["hubble-metrics-server"].Length == 0)
            {
                services.AddSingleton<IMetricsSource>(p => p.GetRequiredService<HubbleExportService>());
            }
        }

        if (config.Flag("hubble-drop-events"))
        {
            services.AddHostedService<DropEventService>();
        }

        if (config.Flag("hubble-redact-enabled"))
        {
            // Taken by FlowPipeline, the one door of records of layer 7. Lists that contradict each other hide everything.
            string[] allow = Words(config["hubble-redact-http-headers-allow"]), deny = Words(config["hubble-redact-http-headers-deny"]);
            bool contradict = allow.Length > 0 && deny.Length > 0;
            services.AddSingleton(new Redactor(new RedactOptions(
                config.Flag("hubble-redact-http-urlquery"), config.Flag("hubble-redact-http-userinfo"), config.Flag("hubble-redact-kafka-apikey"), contradict ? [] : allow, contradict ? [] : deny)));
        }

        if (config.Flag("enable-hubble-recorder-api"))
        {
            services.AddSingleton<PacketRecorder>();
            services.AddSingleton<CaptureService>();
            services.AddHostedService(p => p.GetRequiredService<CaptureService>());
            services.AddSingleton<IEventTap, RecorderTap>();
            services.AddSingleton<IHubbleService, RecorderDoor>();
        }
    }

    internal static string[] Words(string value) => value.Split([' ', ',', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries);
}
