using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Cni;
using Waggle.Agent.Config;
using Waggle.Hosting;
using Waggle.Hosting.Config;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.Kube.Events;

namespace Waggle.Agent;

/// <summary>Runs the agent of one node.</summary>
public static partial class AgentHost
{
    /// <summary>Runs until <paramref name="cancellation"/>. Forwarding goes on afterwards: nothing in the kernel is taken down (design D5).</summary>
    /// <returns>The exit code: 0 after a stop that was asked for, 1 when the agent cannot start (the log says why).</returns>
    public static async Task<int> RunAsync(AgentArguments arguments, CancellationToken cancellation)
    {
        WaggleConfig config = WaggleConfig.Parse(ConfigDirectory.Read(arguments.ConfigDirectory), out IReadOnlyList<string> problems, out _);
        using ILoggerFactory logs = RoleLogging.Create(config.Flag("debug"));
        ILogger log = logs.CreateLogger("agent");
        try
        {
            if (arguments.InstallCniDirectory is { } directory)
            {
                LogInstalled(log, CniInstaller.Install(directory));
                return 0;
            }

            WaggleConfig? usable = problems.Count == 0 ? config : LastGoodConfig.TryLoad(LastGoodConfig.PathFor(config));
            foreach (string problem in problems)
            {
                LogConfigProblem(log, problem);
            }

            KubeConfig kube = arguments.Kubeconfig is { } file ? KubeConfig.FromFile(file) : KubeConfig.Load();
            using var client = new KubeClient(kube, new KubeClientOptions { UserAgent = "waggle-agent", FieldManager = "cilium-agent" });
            if (usable is null)
            {
                LogConfigRefused(log, problems.Count, arguments.ConfigDirectory);
                await TellRefusedAsync(arguments, client, problems, cancellation).ConfigureAwait(false);
                return 1;
            }

            if (problems.Count > 0)
            {
                LogLastGood(log, LastGoodConfig.PathFor(config));
            }

            using IHost host = AgentComposition.Build(arguments, usable, problems, client, logs);
            await host.StartAsync(cancellation).ConfigureAwait(false);
            await host.WaitForShutdownAsync(cancellation).ConfigureAwait(false);
            return cancellation.IsCancellationRequested ? 0 : 1;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception e) when (e is KubeConfigException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            LogCannotStart(log, e.Message);
            return 1;
        }
    }

    /// <summary>In the cluster, for who changed the ConfigMap: bounded, the API may be away too; generously, as this agent has nothing else to do.</summary>
    private static async Task TellRefusedAsync(AgentArguments arguments, KubeClient client, IReadOnlyList<string> problems, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        try
        {
            await ConfigSource.RefuseStartAsync(new EventRecorder(client, "cilium-agent", arguments.NodeName), arguments.Namespace, arguments.NodeName, problems, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The log has said it.
        }
    }

    [LoggerMessage(1000, LogLevel.Warning, "configuration refused: {Problem}")]
    private static partial void LogConfigProblem(ILogger logger, string problem);

    [LoggerMessage(1003, LogLevel.Critical, "the configuration in {Directory} has {Count} problems (see above), and this node has no configuration accepted earlier: correct ConfigMap cilium-config")]
    private static partial void LogConfigRefused(ILogger logger, int count, string directory);

    [LoggerMessage(1007, LogLevel.Error, "the configuration is refused (see above); starting with the one accepted before, {Path}. Correct ConfigMap cilium-config")]
    private static partial void LogLastGood(ILogger logger, string path);

    [LoggerMessage(1004, LogLevel.Critical, "cannot start: {Problem}")]
    private static partial void LogCannotStart(ILogger logger, string problem);

    [LoggerMessage(1005, LogLevel.Information, "CNI plugin installed as {Path}")]
    private static partial void LogInstalled(ILogger logger, string path);
}
