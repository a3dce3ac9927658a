using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Config;
using Waggle.Agent.Monitor;
using Waggle.Agent.Nodes;
using Waggle.Agent.Policy;
using Waggle.Agent.Routing;
using Waggle.Agent.Startup;
using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Attaching;
using Waggle.Hosting.Config;
using Waggle.Linux;
using Waggle.State.Health;
using DatapathConfig = Waggle.Datapath.DatapathConfig;
using Signal = Waggle.Hosting.Loops.Signal;
using TrafficDirection = Waggle.Netlink.TrafficDirection;

namespace Waggle.Agent.Datapath;

/// <summary>Configuration, node and monitors → the programs' constants; replaces the programs when these change.</summary>
internal sealed partial class DatapathService(
    DatapathControl control, ConfigState config, NodeDevices devices, MonitorDemand monitors, PolicySubjects policy, Readiness readiness, HealthRegistry health, TimeProvider time, ILogger<DatapathService> logger)
    : BackgroundService
{
    // Programs that know policy keep it when it is switched off live: the compiled tables then say that all passes.
    private bool _policy;
    private (bool AllowLocalhost, bool HostFirewall)? _judging;

    /// <summary>Loads and attaches for the first time.</summary>
    public Task<bool> ApplyAsync(LocalNode node, CancellationToken cancellation) => control.ApplyAsync(ConfigOf(node), PointsOf(node), cancellation);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await readiness.Datapath.WaitAsync(stoppingToken).ConfigureAwait(false);
        LocalNode node = await readiness.Node.WaitAsync(stoppingToken).ConfigureAwait(false);
        HealthReporter reporter = health.For("datapath");
        var changed = new Signal();
        monitors.Changed += changed.Set;
        _ = ForwardAsync(changed, stoppingToken);
        _ = SettleAsync(stoppingToken);
        while (true)
        {
            bool ok = true;
            try
            {
                WaggleConfig wanted = config.Current;
                await ApplyAsync(node, stoppingToken).ConfigureAwait(false);
                control.PauseTraces(monitors.Idle);
                AskAgain(wanted);
                reporter.Ok();
            }
            catch (Exception e) when (e is LinuxException or BpfException)
            {
                // What is attached works on; the next attempt may find what was missing.
                ok = false;
                reporter.Degraded(e.Message);
                LogFailed(e.Message);
            }

            await changed.WaitAsync(ok ? TimeSpan.FromHours(1) : TimeSpan.FromSeconds(5), time, stoppingToken).ConfigureAwait(false);
        }
    }

    /// <summary>Connections that the programs of before let through are decided on again when the new ones judge otherwise.</summary>
    private void AskAgain(WaggleConfig c)
    {
        (bool, bool) now = (c["allow-localhost"] != "policy", c.Flag("enable-host-firewall"));
        if (_judging is { } before && before != now)
        {
            policy.AskAgain();
        }

        _judging = now;
    }

    private async Task ForwardAsync(Signal changed, CancellationToken cancellation)
    {
        ulong seen = config.Table.Revision;
        while (!cancellation.IsCancellationRequested)
        {
            await config.Table.WaitForChangeAsync(seen, cancellation).ConfigureAwait(false);
            seen = config.Table.Revision;
            changed.Set();
        }
    }

    /// <summary>Gives pods that were attached the quick way their links, one after the other, while no others start.</summary>
    private async Task SettleAsync(CancellationToken cancellation)
    {
        for (int before = 0; ; )
        {
            await Task.Delay(TimeSpan.FromSeconds(2), time, cancellation).ConfigureAwait(false);
            int now = control.Unsettled;
            while (now > 0 && now == before && await control.SettleAsync(cancellation).ConfigureAwait(false))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellation).ConfigureAwait(false);
                before = now = control.Unsettled;
            }

            before = control.Unsettled;
        }
    }

    private DatapathConfig ConfigOf(LocalNode node)
    {
        WaggleConfig c = config.Current;
        int reports = c.Number("multicast-max-report-rate");
        return new DatapathConfig
        {
            IPv4Enabled = c.Ipv4,
            IPv6Enabled = c.Ipv6,
            RoutingMode = c.Tunnel ? RoutingMode.Tunnel : RoutingMode.Native,
            MasqueradeIPv4 = c.Ipv4 && c.Flag("enable-ipv4-masquerade") && node.Ipv4 is not null,
            MasqueradeIPv6 = c.Ipv6 && c.Flag("enable-ipv6-masquerade") && node.Ipv6 is not null,
            // In tunnel mode other nodes' stacks have no route for a pod's address that does not come through the tunnel.
            MasqueradeToNodes = c.Tunnel,
            MulticastEnabled = c.Flag("multicast-enabled"),
            MulticastFastLeave = c.Flag("multicast-fast-leave"),
            OverlayIfindex = devices.OverlayIndex,
            TunnelPort = devices.OverlayIndex > 0 ? c.Number("tunnel-port") : 0,
            HostIfindex = devices.HostIndex,
            UplinkIfindex = node.UplinkIndex,
            HostMac = new PhysicalAddress(devices.HostMac.ToBytes()),
            RouterIPv4 = node.Router4,
            RouterIPv6 = node.Router6,
            MasqueradeAddressIPv4 = node.Ipv4,
            MasqueradeAddressIPv6 = node.Ipv6,
            NativeCidrIPv4 = NativeCidr(c, "ipv4-native-routing-cidr", "cluster-pool-ipv4-cidr"),
            NativeCidrIPv6 = NativeCidr(c, "ipv6-native-routing-cidr", "cluster-pool-ipv6-cidr"),
            MulticastMaxGroups = Math.Min(c.Number("multicast-max-memberships-per-endpoint"), ushort.MaxValue),
            MulticastReportRate = reports,
            MulticastReportBurst = Math.Max(reports * 2, 16),
            LocalCidrIPv4 = node.PodPrefixes.Where(p => p.BaseAddress.AddressFamily == AddressFamily.InterNetwork).Select(p => (IPNetwork?)p).FirstOrDefault(),
            LocalCidrIPv6 = node.PodPrefixes.Where(p => p.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6).Select(p => (IPNetwork?)p).FirstOrDefault(),
            TracePoints = monitors.TracePoints(c["monitor-aggregation"]),
            TraceAggregation = c["monitor-aggregation"] switch
            {
                "none" => TraceAggregation.None, "low" => TraceAggregation.Low, "medium" => TraceAggregation.Medium, _ => TraceAggregation.Maximum,
            },
            TraceInterval = c.Duration("monitor-aggregation-interval"),
            Debug = c["debug-verbose"].Split([' ', ','], StringSplitOptions.RemoveEmptyEntries).Contains("datapath"),
            EventRate = c.Number("bpf-events-default-rate-limit") is > 0 and int rate ? rate : int.MaxValue,
            EventBurst = Math.Max(1, c.Number("bpf-events-default-rate-limit") > 0 ? c.Number("bpf-events-default-burst-limit") : int.MaxValue),
            PolicyEnabled = _policy |= c["enable-policy"] != "never",
            HostFirewall = _policy && c.Flag("enable-host-firewall"),
            AllowLocalhost = c["allow-localhost"] != "policy",
            DenyResponse = c["policy-deny-response"] switch { "icmp" => DenyResponse.Icmp, "reset" => DenyResponse.Reset, _ => DenyResponse.None },
            TcpTimeout = c.Duration("bpf-ct-timeout-regular-tcp"),
            TcpSynTimeout = c.Duration("bpf-ct-timeout-regular-tcp-syn"),
            TcpFinTimeout = c.Duration("bpf-ct-timeout-regular-tcp-fin"),
            AnyTimeout = c.Duration("bpf-ct-timeout-regular-any"),
        };
    }

    private Dictionary<AttachPoint, string> PointsOf(LocalNode node)
    {
        var points = new Dictionary<AttachPoint, string>
        {
            [new AttachPoint(NodeDevices.Host, devices.HostIndex, TrafficDirection.Egress)] = "from_host",
            [new AttachPoint(node.Uplink, node.UplinkIndex, TrafficDirection.Ingress)] = "from_network",
            [new AttachPoint(node.Uplink, node.UplinkIndex, TrafficDirection.Egress)] = "to_network",
        };
        if (devices.OverlayIndex > 0)
        {
            points[new AttachPoint(NodeDevices.Overlay, devices.OverlayIndex, TrafficDirection.Ingress)] = "from_overlay";
        }

        return points;
    }

    /// <summary>Destinations that are never masqueraded: as configured, else the cluster's own pool.</summary>
    private static IPNetwork? NativeCidr(WaggleConfig config, string named, string pool)
    {
        IReadOnlyList<IPNetwork> given = config.Networks(named);
        return given.Count > 0 ? given[0] : config.Networks(pool).Select(n => (IPNetwork?)n).FirstOrDefault();
    }

    [LoggerMessage(1032, LogLevel.Error, "the programs cannot be replaced, the present ones go on: {Problem}")]
    private partial void LogFailed(string problem);
}
