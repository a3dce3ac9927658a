using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Cni;
using Waggle.Hosting;
using Waggle.Hosting.Config;
using Waggle.Kube.Client;
using Waggle.Kube.Config;

namespace Waggle.Agent;

/// <summary>Runs the agent of one node.</summary>
public static partial class AgentHost
{
    /// <summary>Runs until <paramref name="cancellation"/>. Forwarding goes on afterwards: nothing in the kernel is taken down (design D5).</summary>
    /// <returns>The exit code: 0 after a stop that was asked for, 1 when the agent cannot start (the log says why).</returns>
    public static async Task<int> RunAsync(AgentArguments arguments, CancellationToken cancellation)
    {
        WaggleConfig config = WaggleConfig.Parse(ConfigDirectory.Read(arguments.ConfigDirectory), out IReadOnlyList<string> problems, out int bad);
        using ILoggerFactory logs = RoleLogging.Create(config.Flag("debug"));
        ILogger log = logs.CreateLogger("agent");
        try
        {
            if (arguments.InstallCniDirectory is { } directory)
            {
                LogInstalled(log, CniInstaller.Install(directory));
                return 0;
            }

            foreach (string problem in problems)
            {
                LogConfigProblem(log, problem);
            }

            if (bad > 0)
            {
                LogConfigRefused(log, bad, arguments.ConfigDirectory);
                return 1;
            }

            KubeConfig kube = arguments.Kubeconfig is { } file ? KubeConfig.FromFile(file) : KubeConfig.Load();
            using var client = new KubeClient(kube, new KubeClientOptions { UserAgent = "waggle-agent", FieldManager = "cilium-agent" });
            using IHost host = AgentComposition.Build(arguments, config, client, logs);
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

    [LoggerMessage(1000, LogLevel.Warning, "configuration: {Problem}")]
    private static partial void LogConfigProblem(ILogger logger, string problem);

    [LoggerMessage(1003, LogLevel.Critical, "{Count} values of the configuration in {Directory} are not valid (see above): correct ConfigMap cilium-config")]
    private static partial void LogConfigRefused(ILogger logger, int count, string directory);

    [LoggerMessage(1004, LogLevel.Critical, "cannot start: {Problem}")]
    private static partial void LogCannotStart(ILogger logger, string problem);

    [LoggerMessage(1005, LogLevel.Information, "CNI plugin installed as {Path}")]
    private static partial void LogInstalled(ILogger logger, string path);
}
