using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Cluster;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Commands.Nodes;

/// <summary><c>node list</c>.</summary>
internal static class NodeCommands
{
    private static readonly Listing<Node> Listing = new()
    {
        Columns =
        [
            new("Name", node => node.Name), new("IPv4 Address", node => node.IPv4), new("Endpoint CIDR", node => node.Cidr4), new("IPv6 Address", node => node.IPv6), new("Endpoint CIDR", node => node.Cidr6),
            new("Source", node => node.Source), new("Router", node => node.Router, Wide: true),
        ],
        Json = node => new JsonObject
        {
            ["name"] = node.Name, ["ipv4"] = node.IPv4, ["ipv4Cidr"] = node.Cidr4, ["ipv6"] = node.IPv6, ["ipv6Cidr"] = node.Cidr6, ["source"] = node.Source, ["router"] = node.Router,
        },
    };

    internal sealed record Node(string Name, string IPv4, string Cidr4, string IPv6, string Cidr6, string Source, string Router);

    public static Verb Create(string tool) => new("node", "Show the nodes with their addresses and pod prefixes") { Children = () => [List(tool)] };

    private static Verb List(string tool)
    {
        var cluster = new ClusterFlags();
        var output = new OutputFlags();
        return new Verb("list", "List nodes")
        {
            Aliases = ["ls"],
            Flags = [.. output.All, .. cluster.All],
            Examples = [new($"{tool} node list", "which node has which pods' prefix")],
            Run = async (call, cancellation) =>
            {
                Listing.Print(call.Terminal, output.Read(call), await ReadAsync(call, cluster, cancellation).ConfigureAwait(false));
                return ExitCode.Ok;
            },
        };
    }

    private static async Task<IReadOnlyCollection<Node>> ReadAsync(Call call, ClusterFlags cluster, CancellationToken cancellation)
    {
        if (cluster.PrefersNode(call))
        {
            return [.. (await NodeTables.ReadAsync(call.Environment, "nodes", cancellation).ConfigureAwait(false)).Select(From)];
        }

        using var client = cluster.Open(call);
        var resources = await client.ListAsync(KubeTypes.CiliumNodes, cancellation: cancellation).ConfigureAwait(false);
        return [.. resources.Items.Select(From).OrderBy(node => node.Name, StringComparer.Ordinal)];
    }

    private static Node From(JsonObject row)
    {
        var prefixes = row.Texts("podPrefixes");
        return new Node(
            row.Text("name") ?? "", row.Text("ipv4") ?? "", Join(prefixes, v6: false), row.Text("ipv6") ?? "", Join(prefixes, v6: true),
            row.Truth("local") ? "local" : "custom-resource", row.Text("routerIPv4") ?? row.Text("routerIPv6") ?? "");
    }

    private static Node From(CiliumNode resource)
    {
        var prefixes = resource.Spec.Ipam?.PodCidrs ?? [];
        string Address(string type, bool v6) => resource.Spec.Addresses.FirstOrDefault(address => address.Type == type && address.Ip.Contains(':') == v6)?.Ip ?? "";
        return new Node(
            resource.Metadata.Name ?? "", Address("InternalIP", false), Join(prefixes, v6: false), Address("InternalIP", true), Join(prefixes, v6: true), "custom-resource",
            Address("CiliumInternalIP", false) is { Length: > 0 } router ? router : Address("CiliumInternalIP", true));
    }

    private static string Join(IEnumerable<string> prefixes, bool v6) => string.Join(", ", prefixes.Where(prefix => prefix.Contains(':') == v6));
}
