using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Identities;
using Waggle.Agent.Kubernetes;
using Waggle.Agent.Startup;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Agent.Endpoints;

/// <summary>Changed labels of a pod or its namespace → another identity of its endpoint; another owner of a pod → its workload; and identities that were removed too early are made again.</summary>
internal sealed partial class PodFollower(
    KubeSources kube, EndpointTable table, EndpointManager endpoints, PodIdentities identities, IdentityAllocator allocator, Readiness readiness, TimeProvider time, ILogger<PodFollower> logger) : BackgroundService
{
    // Keys of pods to look at; the newest state is read when their turn comes, so dropping a double entry loses nothing.
    private readonly Channel<string> _work = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await readiness.Endpoints.WaitAsync(stoppingToken).ConfigureAwait(false);
        kube.Pods.OnChange(change =>
        {
            if (change.New is { } pod && table.View.FindBy(table.ByPod, pod.Key.ToString()) is not null)
            {
                _work.Writer.TryWrite(pod.Key.ToString());
            }
        });
        kube.Namespaces.OnChange(change =>
        {
            foreach (EndpointRow row in table.View.All().Where(r => r.State.Namespace == change.Object.Metadata.Name && r.PodKey.Length > 0))
            {
                _work.Writer.TryWrite(row.PodKey);
            }
        });
        kube.CiliumIdentities.OnChange(change =>
        {
            if (change.IsDeleted)
            {
                foreach (EndpointRow row in table.View.All().Where(r => r.State.Identity.ToString(System.Globalization.CultureInfo.InvariantCulture) == change.Object.Metadata.Name))
                {
                    _work.Writer.TryWrite(row.PodKey);
                }
            }
        });
        await readiness.Policy.WaitAsync(stoppingToken).ConfigureAwait(false);
        foreach (EndpointRow row in table.View.All().ToArray())
        {
            await endpoints.ResubjectAsync(row, stoppingToken).ConfigureAwait(false); // saved by an agent without policy, or under another's number
        }

        await foreach (string key in _work.Reader.ReadAllAsync(stoppingToken).ConfigureAwait(false))
        {
            try
            {
                await LookAsync(key, stoppingToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is KubeApiException or IOException or InvalidOperationException)
            {
                LogFailed(key, e.Message);
                _ = AgainAsync(key, stoppingToken);
            }
        }
    }

    private async Task LookAsync(string key, CancellationToken cancellation)
    {
        ObjectKey podKey = ObjectKey.Parse(key);
        if (kube.Pods.Find(podKey) is not { } pod)
        {
            return;
        }

        IdentityLabels labels = await identities.LabelsOfAsync(pod, cancellation).ConfigureAwait(false);
        foreach (EndpointRow row in table.View.By(table.ByPod, key).ToArray())
        {
            if (row.State.PodUid.Length > 0 && row.State.PodUid != pod.Metadata.Uid)
            {
                continue;
            }

            if (labels.Equals(IdentityLabels.Of(row.State.Labels)) && row.State.Workload == (PodWorkload.Of(pod)?.ToString() ?? ""))
            {
                await allocator.EnsureAsync(row.State.Identity, labels, cancellation).ConfigureAwait(false);
            }
            else
            {
                await endpoints.RelabelAsync(row, await identities.ResolveAsync(pod, labels, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task AgainAsync(string key, CancellationToken cancellation)
    {
        await Task.Delay(TimeSpan.FromSeconds(2), time, cancellation).ConfigureAwait(false);
        _work.Writer.TryWrite(key);
    }

    [LoggerMessage(1048, LogLevel.Warning, "identity of pod {Pod} cannot be brought up to date: {Problem}; trying again")]
    private partial void LogFailed(string pod, string problem);
}
