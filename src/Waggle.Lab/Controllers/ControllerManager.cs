using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;

namespace Waggle.Lab.Controllers;

/// <summary>The lab's kube-controller-manager and kube-scheduler: composes every controller, over one client.</summary>
public sealed class ControllerManager
{
    private readonly ControllerContext _context;

    public ControllerManager(KubeClient client, ILoggerFactory loggers, TimeProvider? time = null)
    {
        _context = new(client, loggers, time);
        Controllers =
        [
            new Namespaces.NamespaceLifecycle(_context),
            new ServiceAccounts.ServiceAccountDefaults(_context),
            new Nodes.NodeLifecycle(_context),
            new Scheduling.Scheduler(_context),
            new ReplicaSets.ReplicaSetController(_context),
            new Deployments.DeploymentController(_context),
            new DaemonSets.DaemonSetController(_context),
            new GarbageCollection.GarbageCollector(_context),
            new GarbageCollection.PodGc(_context),
        ];
    }

    /// <summary>All controllers, in the order in which they start.</summary>
    public IReadOnlyList<IController> Controllers { get; }

    /// <summary>Runs until cancelled; returns then without an exception. A controller that ends by a defect ends all.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        List<Task> running = [_context.RunInformersAsync(stop.Token), .. Controllers.Select(c => c.RunAsync(stop.Token))];
        try
        {
            await (await Task.WhenAny(running).ConfigureAwait(false)).ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(running).ConfigureAwait(false);
        }
    }
}
