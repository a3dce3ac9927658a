using System.Globalization;
using System.Net;
using Microsoft.Extensions.Hosting;
using Waggle.Agent.Config;
using Waggle.Agent.Kubernetes;
using Waggle.Agent.Nodes;
using Waggle.Agent.Startup;
using Waggle.Kube.Resources;
using Waggle.State.Tables;

namespace Waggle.Agent.Identities;

/// <summary>CiliumIdentities and the reserved ones → table <c>identities</c>.</summary>
internal sealed class IdentitySource(KubeSources kube, IdentityTable table, IdentityAllocator allocator, ApiServerTable apiServers, Readiness readiness, ConfigState config) : BackgroundService
{
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        PublishReserved();
        kube.CiliumIdentities.OnChange(change =>
        {
            CiliumIdentity identity = change.Object;
            if (!uint.TryParse(identity.Metadata.Name, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) || !ReservedIdentity.IsAllocated(id))
            {
                return;
            }

            if (change.IsDeleted)
            {
                allocator.Forget(identity);
                table.Delete(id);
            }
            else
            {
                table.Upsert(new IdentityRow(id, IdentityAllocator.LabelsOf(identity).Labels));
            }
        });
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        kube.Node.OnChange(_ => PublishReserved());
        await readiness.Node.WaitAsync(stoppingToken).ConfigureAwait(false);
        await foreach (ChangeBatch<ApiServerRow> _ in apiServers.WatchAsync(stoppingToken).ConfigureAwait(false))
        {
            PublishReserved();
        }
    }

    private void PublishReserved()
    {
        using WriteTransaction transaction = table.Db.Write(table);
        foreach ((uint id, string label) in ReservedIdentity.All)
        {
            transaction.Upsert(table, new IdentityRow(id, [.. LabelsOf(id, label).Order(StringComparer.Ordinal)]));
        }

        transaction.Commit();
    }

    /// <summary>What policies may know a reserved identity by; the node itself also by the labels of its Node object.</summary>
    private IEnumerable<string> LabelsOf(uint id, string label)
    {
        yield return label;
        switch (id)
        {
            case ReservedIdentity.Host:
                LocalNode? own = readiness.Node.IsCompletedSuccessfully ? readiness.Node.Result : null;
                if (new[] { own?.Ipv4, own?.Ipv6 }.OfType<IPAddress>().Any(apiServers.Contains))
                {
                    yield return "reserved:kube-apiserver";
                }

                foreach ((string key, string value) in kube.Node.Objects.Values.SelectMany(n => n.Metadata.Labels))
                {
                    yield return $"k8s:{key}={value}";
                }

                break;
            case ReservedIdentity.KubeApiserver:
                yield return "reserved:remote-node"; // one outside the cluster is a prefix of its own
                break;
            case ReservedIdentity.World when config.Current.Ipv4 != config.Current.Ipv6:
                yield return config.Current.Ipv4 ? "reserved:world-ipv4" : "reserved:world-ipv6"; // one family: all of the world is of it
                break;
        }
    }
}
