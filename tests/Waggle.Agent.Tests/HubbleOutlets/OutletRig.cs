using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Waggle.Agent.Config;
using Waggle.Agent.Hubble;
using Waggle.Agent.HubbleOutlets;
using Waggle.Agent.Kubernetes;
using Waggle.Hosting.Config;
using Waggle.Hosting.Metrics;
using Waggle.Hubble.Assembly;
using Waggle.Hubble.Consumers;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Observing;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Ring;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.State.Tables;

namespace Waggle.Agent.Tests.HubbleOutlets;

/// <summary>The outlets as the agent composes them from its configuration, behind a real ring; flows are put in by the test.</summary>
internal sealed class OutletRig : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly ServiceProvider _services;
    private readonly List<IHostedService> _started = [];

    private OutletRig(ServiceProvider services) => _services = services;

    public FlowPipeline Pipeline => _services.GetRequiredService<FlowPipeline>();

    public FlowRing Ring => _services.GetRequiredService<FlowRing>();

    /// <summary>An address that nobody else of these tests has.</summary>
    public static string FreeAddress()
    {
        byte[] random = RandomNumberGenerator.GetBytes(3);
        return $"127.{random[0] / 2 + 100}.{random[1]}.{random[2] | 1}:9965";
    }

    public static async Task<OutletRig> StartAsync(params (string Key, string Value)[] config)
    {
        // Without the recorder, which needs the programs; RecordingTests have them.
        WaggleConfig parsed = WaggleConfig.Parse([KeyValuePair.Create("enable-hubble", "true"), KeyValuePair.Create("enable-hubble-recorder-api", "false"), .. config.Select(c => KeyValuePair.Create(c.Key, c.Value))], out IReadOnlyList<string> problems, out _);
        Assert.Empty(problems);
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(new AgentArguments { NodeName = "node0" });
        services.AddSingleton(new ConfigState(parsed, new StateDb()));
        services.AddSingleton(_ => new KubeClient(new KubeConfig { Server = new Uri("https://127.0.0.1:1") })); // never started
        services.AddSingleton<KubeSources>();
        services.AddSingleton(new FlowRing(255, 1));
        services.AddSingleton(new HubbleState(null, null));
        services.AddSingleton<FlowConsumers>();
        services.AddSingleton<IFlowSource>(p => p.GetRequiredService<FlowConsumers>());
        services.AddSingleton<IFlowMetadata>(new HubbleMetadata([]));
        services.AddSingleton<FlowPipeline>();
        services.AddHubbleOutlets(parsed);
        var rig = new OutletRig(services.BuildServiceProvider());
        foreach (IHostedService service in rig._services.GetServices<IHostedService>())
        {
            await service.StartAsync(CancellationToken.None);
            rig._started.Add(service);
        }

        return rig;
    }

    /// <summary>Puts in a flow.</summary>
    public void Write(string pod = "web-1", Layer7? l7 = null, Verdict verdict = Verdict.Forwarded) => Pipeline.OnFlow(new FlowRecord
    {
        TimeNs = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * 100,
        Node = new NodeInfo("node0", []),
        SourceEndpoint = new EndpointInfo { Id = 7, Identity = 1000, Namespace = "shop", PodName = pod, Labels = ["k8s:app=web"] },
        DestinationEndpoint = new EndpointInfo { Namespace = "shop", PodName = "db-0" },
        Source = FlowAddress.FromIPv4(0x0a000001),
        Destination = FlowAddress.FromIPv4(0x0a000002),
        IpVersion = 4,
        HasL4 = true,
        Protocol = IpProtocol.Tcp,
        TcpFlags = TcpFlagBits.Syn,
        SourcePort = 40000,
        DestinationPort = 5432,
        Verdict = verdict,
        EventType = l7 is null ? FlowEventType.Trace : FlowEventType.AccessLog,
        FlowType = l7 is null ? FlowType.L3L4 : FlowType.L7,
        L7 = l7,
    });

    /// <summary>What the metrics say of an exporter's flows.</summary>
    public long Exported(string name, string outcome)
    {
        var writer = new MetricsWriter();
        foreach (IMetricsSource source in _services.GetServices<IMetricsSource>())
        {
            source.Write(writer);
        }

        return Regex.Match(writer.ToString(), $"hubble_exporter_flows_total\\{{name=\"{name}\",outcome=\"{outcome}\"\\}} (\\d+)") is { Success: true } match ? long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>Waits until something holds; what does not hold in a minute never will.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> look, Func<T, bool> good, string what)
    {
        for (long began = Stopwatch.GetTimestamp(); ;)
        {
            T seen = await look();
            if (good(seen))
            {
                return seen;
            }

            Assert.True(Stopwatch.GetElapsedTime(began) < Patience, $"{what}; seen last: {seen}");
            await Task.Delay(50);
        }
    }

    /// <summary>Lines of an export file; none if there is no file.</summary>
    public static async Task<string[]> LinesAsync(string path) => File.Exists(path) ? await File.ReadAllLinesAsync(path) : [];

    public async ValueTask DisposeAsync()
    {
        foreach (IHostedService service in _started)
        {
            await service.StopAsync(CancellationToken.None);
        }

        await _services.DisposeAsync();
    }
}
