using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Waggle.Agent.Tests.Cluster;
using Waggle.Agent.Tests.Policy;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Maps;
using Waggle.Datapath.Tests.Packets.Support;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;
using Waggle.Tests.Shared;
using Flow = Waggle.Hubble.Protocol.Flows.Flow;

namespace Waggle.Agent.Tests.Hubble;

/// <summary>One end of a conversation.</summary>
internal sealed record Party(string Name, string Ip, string Ip6)
{
    public string Of(bool v6) => v6 ? Ip6 : Ip;

    /// <summary>Null: not a pod of this lab.</summary>
    public PodWire? Wire { get; init; }

    public int Node { get; init; } = -1;

    public uint Identity { get; init; }

    public uint EndpointId { get; init; }

    public byte[] Mac { get; init; } = [];

    public byte[] Gateway { get; init; } = [];

    /// <summary>Labels of its identity, without those that every pod has.</summary>
    public string Label { get; init; } = "";
}

/// <summary>Two nodes, pods whose packets are written by hand, policies, and a reader of each node's flows.</summary>
public abstract class ConversationLab(bool native) : IAsyncLifetime
{
    public const string Group4 = "239.9.9.9", Group6 = "ff1e::9:9";
    private readonly Dictionary<string, Party> _parties = new(StringComparer.Ordinal);
    private readonly List<DatapathMaps> _maps = [];
    private PolicyLab _lab = null!;
    private int _fences;

    /// <summary>Whether there is no tunnel between the nodes.</summary>
    public bool IsNative => native;

    /// <summary>What comes out of each node's uplink.</summary>
    internal IReadOnlyList<PodWire> Wires { get; private set; } = [];

    internal IReadOnlyList<FlowFollower> Followers { get; private set; } = [];

    internal IEnumerable<Party> Parties => _parties.Values;

    internal Party this[string name] => _parties[name];

    internal IReadOnlyList<TestNode> Nodes => _lab.Nodes;

    internal IReadOnlyList<DatapathMaps> Maps => _maps;

    public async ValueTask InitializeAsync()
    {
        (string, string)[] routing = native
            ? [("routing-mode", "native"), ("auto-direct-node-routes", "true"), ("ipv4-native-routing-cidr", "10.0.0.0/8"), ("ipv6-native-routing-cidr", "fd00::/104")]
            : [];
        _lab = await PolicyLab.StartAsync(
            2, [.. routing, ("policy-deny-response", "reset"), ("enable-ipv6", "true"), ("enable-hubble", "true"), ("hubble-event-buffer-capacity", "65535"), ("monitor-aggregation", "none"), ("monitor-aggregation-interval", "1h"), ("multicast-enabled", "true"), ("hubble-metrics", DashboardQueries.HubbleMetrics), ("hubble-metrics-server", ":9965")]);
        _lab.Expect(DropReason.FragmentNotFound, DropReason.TtlExceeded, DropReason.InvalidSourceIp); // conversations of that name, and the marks
        await MulticastTests.GroupAsync(_lab.Cluster, "conversations", Group4, Group6);
        await PodAsync(0, "client");
        await PodAsync(0, "server");
        await PodAsync(0, "guarded");
        await PodAsync(0, "caged");
        await PodAsync(0, "picky");
        await PodAsync(0, "audited");
        await PodAsync(1, "far");
        await PodAsync(1, "farguarded");
        await _lab.ApplyAsync(Policies);
        await _lab.WaitIdentitiesAsync();
        foreach (TestNode node in Nodes)
        {
            _maps.Add(node.OpenMaps());
        }

        foreach (Peer peer in _lab.Peers.ToArray())
        {
            await JoinAsync(peer);
        }

        (int code, string output) = await Nodes[0].CiliumAsync($"endpoint config {this["audited"].EndpointId} PolicyAuditMode=Enabled");
        Assert.True(code == 0, output);
        _parties["host0"] = new Party("host0", Nodes[0].Address, Nodes[0].Address6) { Node = 0, Identity = 1 };
        _parties["host1"] = new Party("host1", Nodes[1].Address, Nodes[1].Address6) { Node = 1, Identity = 1 };
        for (int node = 0; node < Nodes.Count; node++)
        {
            JsonNode row = (await Nodes[node].GetAsync("/v1/tables/nodes"))["rows"]!.AsArray().Single(r => (string?)r!["name"] == Nodes[node].Name)!;
            _parties[$"router{node}"] = new Party($"router{node}", (string)row["routerIPv4"]!, (string)row["routerIPv6"]!) { Node = node, Identity = 1 };
        }

        _parties["world"] = new Party("world", "172.18.0.99", "fc00:f853:ccd:e793::99") { Identity = 2 };
        _parties["group"] = new Party("group", Group4, Group6) { Identity = 2 };
        using (Process add = _lab.Cluster.StartOutside("sh", "-c", "ip addr add 172.18.0.99/16 dev br0 && ip -6 addr add fc00:f853:ccd:e793::99/64 dev br0 nodad"))
        {
            await add.WaitForExitAsync();
            Assert.Equal(0, add.ExitCode);
        }

        Wires = [await PodWire.TapAsync(_lab.Cluster, "n0"), await PodWire.TapAsync(_lab.Cluster, "n1")];
        Followers = [await FlowFollower.StartAsync(Nodes[0]), await FlowFollower.StartAsync(Nodes[1])];
        await NamesAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (FlowFollower follower in Followers)
        {
            await follower.DisposeAsync();
        }

        foreach (PodWire? wire in _parties.Values.Select(p => p.Wire).Concat(Wires))
        {
            wire?.Dispose();
        }

        foreach (DatapathMaps maps in _maps)
        {
            maps.Dispose();
        }

        if (_lab is not null)
        {
            await _lab.DisposeAsync();
        }
    }

    /// <summary>Sets the aggregation of both nodes and waits until their programs have it.</summary>
    internal async Task SetLevelAsync(string level)
    {
        ConfigMap present = await _lab.Client.GetAsync(KubeTypes.ConfigMaps, "kube-system", "cilium-config");
        if (present.Data["monitor-aggregation"] == level)
        {
            return;
        }

        int[] before = [.. Nodes.Select(Applied)];
        await _lab.Client.PatchAsync(KubeTypes.ConfigMaps, "kube-system", "cilium-config", KubePatch.Merge(new JsonObject { ["data"] = new JsonObject { ["monitor-aggregation"] = level } }));
        await PolicyLab.UntilAsync($"aggregation {level} on both nodes", () => Task.FromResult(Nodes.Select(Applied).Zip(before).All(n => n.First > n.Second) ? "applied" : null));

        static int Applied(TestNode node) => node.Log.Split("programs attached to").Length;
    }

    /// <summary>All that a node tells before this is told: sends something that is told at every level and waits for it. Where the next flow will be.</summary>
    internal async Task<int[]> FenceAsync(bool v6 = false)
    {
        ushort mark = (ushort)(20000 + Interlocked.Increment(ref _fences));
        int[] at = new int[2];
        foreach ((int node, Party pod) in new[] { (0, this["client"]), (1, this["far"]) })
        {
            int start = Followers[node].Count;
            pod.Wire!.Send(PacketBuilder.Ip("192.0.2.1", "192.0.2.2").Macs(pod.Mac, pod.Gateway).UdpPorts(mark, 9).Build());
            at[node] = 1 + await Followers[node].UntilAsync("the mark", Math.Max(0, start - 64), f => f.IP?.Source == "192.0.2.1" && f.L4?.UDP?.SourcePort == mark && f.EventType.Type == 1);
        }

        return at;
    }

    /// <summary>Makes the connections with this port look as if nothing had been told of them for two hours.</summary>
    internal void Age(ushort port)
    {
        foreach (DatapathMaps maps in _maps)
        {
            foreach ((ConntrackKey key, ConntrackEntry entry) in maps.Conntrack.Entries().ToArray())
            {
                if (key.LowPort.Value == port || key.HighPort.Value == port)
                {
                    // After two hours no packet takes the short way, which keeps no time.
                    maps.Conntrack.Update(key, entry with
                    {
                        TracedInitiator = entry.TracedInitiator - 7200, TracedResponder = entry.TracedResponder - 7200,
                        Initiator = entry.Initiator with { Generation = 0 }, Responder = entry.Responder with { Generation = 0 },
                    });
                }
            }
        }
    }

    /// <summary>From now on nothing comes to this node.</summary>
    internal Task CutAsync(int node) => PortAsync(node, "0");

    internal Task MendAsync(int node) => PortAsync(node, "3");

    /// <summary>State of the node's port of the bridge: disabled, or forwarding.</summary>
    private async Task PortAsync(int node, string state)
    {
        using Process set = _lab.Cluster.StartOutside("sh", "-c", $"bridge link set dev n{node} state {state} && bridge link show dev n{node}");
        Assert.Contains(state == "0" ? "state disabled" : "state forwarding", await set.StandardOutput.ReadToEndAsync(), StringComparison.Ordinal);
    }

    /// <summary>Waits until the client's node sends the group's datagrams to server and far.</summary>
    internal Task MemberAsync(bool v6)
    {
        string group = this["group"].Of(v6);
        return PolicyLab.UntilAsync($"members of {group}", async () =>
            (await Nodes[0].TryGetAsync("/v1/tables/multicast-members"))?["rows"]!.AsArray().Count(r => (string?)r!["group"] == group) == 2 ? "both" : null);
    }

    private async Task PodAsync(int node, string name) => await _lab.AddIdlePodAsync(node, "default", name, ("app", name));

    private async Task JoinAsync(Peer peer)
    {
        TestNode node = peer.Pod!.Node;
        int number = Nodes.ToList().IndexOf(node);
        Assert.True(_maps[number].Endpoints.TryLookup(new EndpointKey { Address = Address.From(IPAddress.Parse(peer.Ip)) }, out EndpointInfo row));
        _parties[peer.Name] = new Party(peer.Name, peer.Ip, peer.Ip6)
        {
            Wire = await PodWire.OpenAsync(peer.Pod), Node = number, Identity = row.Identity, EndpointId = row.EndpointId, Mac = Bytes(row.PodMac), Gateway = Bytes(row.HostMac), Label = $"k8s:app={peer.Name}",
        };
    }

    /// <summary>Waits until flows have the names of pods on the other node.</summary>
    private async Task NamesAsync()
    {
        ushort port = 1000;
        foreach ((Party from, Party to) in new[] { ("client", "far"), ("client", "farguarded"), ("far", "client"), ("far", "server"), ("far", "guarded"), ("far", "caged") }.Select(p => (this[p.Item1], this[p.Item2])))
        {
            await PolicyLab.UntilAsync($"{from.Name}'s node names {to.Name}", async () =>
            {
                int start = Followers[from.Node].Count;
                ushort mark = ++port;
                from.Wire!.Send(PacketBuilder.Ip(from.Ip, to.Ip).Macs(from.Mac, from.Gateway).UdpPorts(mark, 7).Build());
                return await Followers[from.Node].TryUntilAsync(start, f => f.L4?.UDP?.SourcePort == mark && f.Destination.PodName == to.Name, TimeSpan.FromSeconds(1)) >= 0 ? "named" : null;
            });
        }
    }

    private static byte[] Bytes(ByteArray6 value) => System.Runtime.InteropServices.MemoryMarshal.AsBytes(new ReadOnlySpan<ByteArray6>(in value)).ToArray();

    private const string Policies = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: guard, namespace: default}
        spec:
          endpointSelector: {matchLabels: {app: guarded}}
          ingress:
            - fromEndpoints: [{matchLabels: {app: client}}]
              toPorts: [{ports: [{port: "80", protocol: TCP}]}]
        ---
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: no-far, namespace: default}
        spec:
          endpointSelector: {matchLabels: {app: guarded}}
          ingressDeny:
            - fromEndpoints: [{matchLabels: {app: far}}]
        ---
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: far-guard, namespace: default}
        spec:
          endpointSelector: {matchLabels: {app: farguarded}}
          ingress:
            - fromEndpoints: [{matchLabels: {app: client}}]
        ---
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: cage, namespace: default}
        spec:
          endpointSelector: {matchLabels: {app: caged}}
          egress:
            - toEndpoints: [{matchLabels: {app: server}}]
              toPorts: [{ports: [{port: "53", protocol: UDP}]}]
        ---
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: pick, namespace: default}
        spec:
          endpointSelector: {matchLabels: {app: picky}}
          ingress:
            - toPorts: [{ports: [{port: "80", protocol: TCP}]}]
            - toPorts: [{ports: [{port: "0", protocol: SCTP}]}]
            - fromEndpoints: [{matchLabels: {app: client}}]
              toPorts: [{ports: [{port: "0", protocol: UDP}]}]
          egress:
            - toEntities: [all]
        ---
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: audit, namespace: default}
        spec:
          endpointSelector: {matchLabels: {app: audited}}
          ingress: [{}]
        """;
}

/// <summary>With VXLAN.</summary>
public sealed class TunnelConversationLab() : ConversationLab(native: false);

/// <summary>With routes.</summary>
public sealed class NativeConversationLab() : ConversationLab(native: true);
