using Waggle.Cli;
using Waggle.Commands.Cluster;
using Waggle.Commands.Nodes;
using Waggle.Kube.Client;

namespace Waggle.Commands.Endpoints;

/// <summary>On a node the node's endpoints; elsewhere all of the cluster.</summary>
internal static class EndpointSource
{
    public static async Task<IReadOnlyList<Endpoint>> ReadAsync(Call call, ClusterFlags cluster, CancellationToken cancellation)
    {
        if (cluster.PrefersNode(call))
        {
            return [.. (await NodeTables.ReadAsync(call.Environment, "endpoints", cancellation).ConfigureAwait(false)).Select(Endpoint.From).OrderBy(endpoint => endpoint.Id)];
        }

        using var client = cluster.Open(call);
        var resources = await client.ListAsync(KubeTypes.CiliumEndpoints, cancellation: cancellation).ConfigureAwait(false);
        return [.. resources.Items.Select(Endpoint.From).OrderBy(endpoint => endpoint.Key, StringComparer.Ordinal)];
    }
}
