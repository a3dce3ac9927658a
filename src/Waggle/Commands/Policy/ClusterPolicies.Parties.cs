using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Kube.Resources;
using Waggle.Policy.Addresses;
using Waggle.Policy.Compile;
using Waggle.Policy.Labels;
using Waggle.Policy.Rules;

namespace Waggle.Commands.Policy;

/// <content>Who is meant by a name or an address.</content>
internal sealed partial class ClusterPolicies
{
    private const uint Host = 1, RemoteNode = 6, WorldIPv4 = 9, WorldIPv6 = 10;

    // Numbers of this command's own engines: a node as others see it, as it sees itself, and its policy.
    private const uint FirstNode = 2u << 24, FirstOwnNode = 3u << 24, FirstNodeSubject = 1u << 30;

    /// <summary>The object as the API has it; null for a policy it does not have.</summary>
    public JsonObject? Object(PolicyKey policy) => _objects.GetValueOrDefault(policy);

    /// <summary>Finds <c>namespace/pod</c>, a node, an address, <c>world</c>, <c>host</c> or <c>remote-node</c>.</summary>
    /// <param name="name">What the user typed.</param>
    /// <param name="cidrs">The prefixes with identities, as the engine got them.</param>
    /// <exception cref="CliException">There is nothing of this name.</exception>
    public Party Find(string name, IReadOnlyList<IpPrefix> cidrs)
    {
        if (IPAddress.TryParse(name, out IPAddress? address))
        {
            return OfAddress(address, cidrs);
        }

        switch (name)
        {
            case "world" or "world-ipv4": return new Party("world", WorldIPv4, null, null, null);
            case "world-ipv6": return new Party("world", WorldIPv6, null, null, null);
            case "host": return new Party("host", Host, null, null, null);
            case "remote-node": return new Party("remote-node", RemoteNode, null, null, null);
        }

        if (_nodes.Find(n => n.Metadata.Name == name) is { } node)
        {
            return OfNode(node, null);
        }

        string[] parts = name.Split('/');
        List<CiliumEndpoint> found = [.. _endpoints.Where(e => parts.Length == 2 ? e.Metadata.Namespace == parts[0] && e.Metadata.Name == parts[1] : e.Metadata.Name == name)];
        return found switch
        {
            [{ } endpoint] => OfEndpoint(endpoint, null),
            [] => throw new CliException($"there is no pod, node or address \"{name}\"{Nearest(name)}", "Name a pod as namespace/pod, a node, an IP address, world, host or remote-node; pods on the host network are their node."),
            _ => throw new CliException($"\"{name}\" is the name of {found.Count} pods: {string.Join(", ", found.Take(5).Select(e => $"{e.Metadata.Namespace}/{e.Metadata.Name}"))}", "Name one as namespace/pod."),
        };
    }

    private Party OfAddress(IPAddress address, IReadOnlyList<IpPrefix> cidrs)
    {
        string text = address.ToString();
        if (_endpoints.Find(e => Addresses(e).Contains(text)) is { } endpoint)
        {
            return OfEndpoint(endpoint, address);
        }

        if (_nodes.Find(n => n.Spec.Addresses.Any(a => a.Ip == text)) is { } node)
        {
            return OfNode(node, address);
        }

        var one = IpPrefix.Of(address);
        (int index, IpPrefix prefix) = cidrs.Index().Where(c => c.Item.Contains(one)).OrderByDescending(c => c.Item.Length).FirstOrDefault((-1, default));
        return index >= 0
            ? new Party($"{address} (world, by {prefix})", FirstCidr + (uint)index, null, null, address) { Addresses = [text] }
            : new Party($"{address} (world)", address.AddressFamily == AddressFamily.InterNetwork ? WorldIPv4 : WorldIPv6, null, null, address) { Addresses = [text] };
    }

    private Party OfEndpoint(CiliumEndpoint endpoint, IPAddress? address)
    {
        int group = Groups.Index().First(g => g.Item.First.Status.Identity!.Id == endpoint.Status.Identity!.Id && g.Item.Ports.SequenceEqual(Ports(endpoint))).Index;
        address ??= IPAddress.TryParse(Addresses(endpoint).FirstOrDefault(), out IPAddress? first) ? first : null;
        return new Party($"{endpoint.Metadata.Namespace}/{endpoint.Metadata.Name}", (uint)endpoint.Status.Identity!.Id, (uint)group + 1, endpoint.Status.Networking?.Node, address) { Addresses = [.. Addresses(endpoint)] };
    }

    private Party OfNode(CiliumNode node, IPAddress? address)
    {
        string? own = node.Spec.Addresses.FirstOrDefault(a => a.Type == "InternalIP")?.Ip;
        uint index = (uint)_nodes.IndexOf(node);
        return new Party($"node {node.Metadata.Name}", FirstNode + index, HasHostFirewall ? FirstNodeSubject + index : null, own, address ?? (IPAddress.TryParse(own, out IPAddress? parsed) ? parsed : null))
        {
            OwnIdentity = FirstOwnNode + index, Addresses = [.. node.Spec.Addresses.Select(a => a.Ip).OfType<string>()],
        };
    }

    /// <summary>The name of the node with this address.</summary>
    public string? NodeAt(string? address) => address is null ? null : _nodes.Find(n => n.Spec.Addresses.Any(a => a.Ip == address))?.Metadata.Name;

    /// <summary>Nodes as peers, and, where their policy counts, as subjects.</summary>
    private void AddNodes(PolicyEngine engine, bool asSubjects)
    {
        foreach ((int i, CiliumNode node) in _nodes.Index())
        {
            string[] servers = node.Spec.Addresses.Any(a => a.Ip is { } ip && _apiServers.Contains(ip)) ? ["reserved:kube-apiserver"] : [];
            LabelSet own = LabelSet.Parse([.. servers, "reserved:host", .. node.Metadata.Labels.Select(l => $"k8s:{l.Key}={l.Value}")]);
            IEnumerable<string> seen = _tellsNodesApart ? node.Metadata.Labels.Where(l => _nodeLabels.Takes(l.Key)).Select(l => $"node:{l.Key}={l.Value}") : [];
            engine.UpsertIdentity(FirstNode + (uint)i, LabelSet.Parse([.. servers, "reserved:remote-node", .. seen]));
            engine.UpsertIdentity(FirstOwnNode + (uint)i, own);
            if (asSubjects)
            {
                engine.UpsertSubject(FirstNodeSubject + (uint)i, new SubjectSpec { Identity = FirstOwnNode + (uint)i, Labels = own, IsHost = true });
            }
        }

        if (asSubjects)
        {
            engine.UpsertPolicy(HostSafety.Policy);
        }
    }

    private static IEnumerable<string> Addresses(CiliumEndpoint endpoint) =>
        (endpoint.Status.Networking?.Addressing ?? []).SelectMany(pair => new[] { pair.Ipv4, pair.Ipv6 }).OfType<string>();

    private string Nearest(string name) =>
        Suggestions.Nearest(name, [.. _endpoints.Select(e => $"{e.Metadata.Namespace}/{e.Metadata.Name}"), .. _nodes.Select(n => n.Metadata.Name ?? "")]) is { } near ? $"; did you mean \"{near}\"?" : "";
}
