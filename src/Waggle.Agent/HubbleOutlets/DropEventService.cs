using Microsoft.Extensions.Hosting;
using Waggle.Agent.Config;
using Waggle.Agent.Kubernetes;
using Waggle.Hubble.Consumers;
using Waggle.Hubble.DropEvents;

namespace Waggle.Agent.HubbleOutlets;

/// <summary>Dropped packets as Kubernetes Events of their pods.</summary>
internal sealed class DropEventService(ConfigState config, IFlowSource flows, PodEvents events, KubeSources kube, TimeProvider time) : IHostedService
{
    private IFlowSubscription? _subscription;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        string[] reasons = HubbleOutletServices.Words(config.Current["hubble-drop-events-reasons"]);
        _subscription = flows.Subscribe(new PacketDropEvents(reasons, config.Current.Duration("hubble-drop-events-interval"), Warn, time), 1024);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => _subscription?.DisposeAsync().AsTask() ?? Task.CompletedTask;

    private void Warn(string podNamespace, string pod, string message) =>
        events.Warn(podNamespace, pod, UidOf(podNamespace, pod), "PacketDrop", message);

    // Without the uid "kubectl describe pod" would not show it.
    private string UidOf(string podNamespace, string pod) => kube.Pods.Find(podNamespace, pod)?.Metadata.Uid ?? "";
}
