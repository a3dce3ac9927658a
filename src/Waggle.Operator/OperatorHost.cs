using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Waggle.Hosting;
using Waggle.Hosting.Config;
using Waggle.Hosting.Http;
using Waggle.Hosting.Metrics;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.Operator.Crds;
using Waggle.Kube.Election;
using Waggle.Operator.HubbleCertificates;
using Waggle.Operator.IdentityGc;
using Waggle.Operator.MulticastGroups;
using Waggle.Operator.NodeIpam;
using Waggle.Operator.Policies;
using Waggle.Operator.ResourceGc;
using Waggle.Operator.Taints;

namespace Waggle.Operator;

/// <summary>Runs one operator. Several may run; the elected one works, the others wait.</summary>
public static class OperatorHost
{
    /// <summary>Runs until <paramref name="cancellation"/>.</summary>
    /// <returns>The exit code: 0 after a stop that was asked for, 1 when it cannot start or lost the election's Lease (the log says why).</returns>
    public static async Task<int> RunAsync(OperatorArguments arguments, CancellationToken cancellation)
    {
        WaggleConfig config = WaggleConfig.Parse(ConfigDirectory.Read(arguments.ConfigDirectory), out IReadOnlyList<string> problems, out int bad);
        using ILoggerFactory logs = RoleLogging.Create(config.Flag("debug"));
        ILogger log = logs.CreateLogger("operator");
        foreach (string problem in problems)
        {
            OperatorLog.ConfigProblem(log, problem);
        }

        if (bad > 0)
        {
            OperatorLog.ConfigRefused(log, bad, arguments.ConfigDirectory);
            return 1;
        }

        try
        {
            KubeConfig kube = arguments.Kubeconfig is { } file ? KubeConfig.FromFile(file) : KubeConfig.Load();
            using var client = new KubeClient(kube, new KubeClientOptions { UserAgent = "waggle-operator", FieldManager = "cilium-operator" });
            return await RunAsync(arguments, config, client, logs, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            OperatorLog.CannotStart(log, e.Message);
            return 1;
        }
    }

    private static async Task<int> RunAsync(OperatorArguments arguments, WaggleConfig config, KubeClient client, ILoggerFactory logs, CancellationToken cancellation)
    {
        TimeProvider time = TimeProvider.System;
        ILogger log = logs.CreateLogger("operator");
        var context = new OperatorContext(client, config, arguments.Namespace, time, logs);
        string identity = $"{Environment.MachineName}-{Convert.ToHexStringLower(Guid.NewGuid().ToByteArray().AsSpan(0, 4))}";
        var election = new LeaderElection(client, arguments.Namespace, "cilium-operator-resource-lock", identity, time, logs.CreateLogger<LeaderElection>());

        // The duties of the elected operator, in the order in which a new cluster needs them.
        var crds = new CrdInstaller(client, time, logs.CreateLogger<CrdInstaller>()); // the types that everything else reads and writes
        IOperatorFeature[] features =
        [
            .. config["ipam"] == "cluster-pool" ? [new NodeIpamFeature(context)] : Array.Empty<IOperatorFeature>(), // agents wait for their node's prefixes
            new TaintFeature(context), // pods wait for nodes with a ready agent
            new HubbleCertificatesFeature(context), // agents and relay know each other
            new GroupStatusFeature(context), // people read how their multicast groups stand
            new PolicyStatusFeature(context), // and their policies
            new IdentityGcFeature(context), // what is left behind
            new ResourceGcFeature(context),
        ];

        await using WebApplication? health = await StartAsync(arguments.HealthAddress, log, address => HttpEndpoint.Tcp(address, logs, app =>
            app.MapGet("/healthz", http => HttpEndpoint.WriteAsync(http, StatusCodes.Status200OK, election.IsLeader ? "ok leader\n" : "ok\n"))), cancellation).ConfigureAwait(false);
        IMetricsSource[] sources = [new ProcessMetrics(), .. features.OfType<IMetricsSource>()];
        await using WebApplication? metrics = await StartAsync(config["operator-prometheus-serve-addr"], log, address => MetricsEndpoint.Create(address, sources, logs), cancellation).ConfigureAwait(false);

        bool asked = await election.RunAsync(
            async leading =>
            {
                await crds.InstallAsync(leading).ConfigureAwait(false);
                List<Task> running = [context.RunAsync(leading), .. features.Select(f => f.RunAsync(leading))];
                while (running.Count > 0)
                {
                    // The first failure ends the leadership: a half-working leader is worse than a new one.
                    Task ended = await Task.WhenAny(running).ConfigureAwait(false);
                    await ended.ConfigureAwait(false);
                    running.Remove(ended);
                }
            },
            cancellation).ConfigureAwait(false);
        return asked ? 0 : 1;
    }

    /// <summary>Figures and probes must not keep the operator from working: an address in use is a warning.</summary>
    private static async Task<WebApplication?> StartAsync(string text, ILogger log, Func<IPEndPoint, WebApplication> make, CancellationToken cancellation)
    {
        if (text.Length == 0 || !HttpEndpoint.TryParseAddress(text, out IPEndPoint address))
        {
            return null;
        }

        WebApplication app = make(address);
        try
        {
            await app.StartAsync(cancellation).ConfigureAwait(false);
            return app;
        }
        catch (IOException e)
        {
            OperatorLog.NotListening(log, text, e.Message);
            await app.DisposeAsync().ConfigureAwait(false);
            return null;
        }
    }
}
