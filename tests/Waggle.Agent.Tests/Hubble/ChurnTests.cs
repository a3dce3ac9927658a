using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Waggle.Agent.Tests.Cluster;
using Waggle.Agent.Tests.Policy;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;

namespace Waggle.Agent.Tests.Hubble;

/// <summary>
/// Pods that come, send and go at once, on a node with three addresses left for them: every flow has the names of the pod that it is
/// of, which its port tells, and never those of the next pod with that address. WAGGLE_CHURN_PODS says how many (48).
/// </summary>
[Collection(nameof(NamesLab))]
public sealed class ChurnTests(NamesLab lab)
{
    private const int Connected = 20000, Refused = 30000, Sent = 40000, Denied = 50000, Open = 8080, Closed = 8081;
    private static readonly int s_pods = int.TryParse(Environment.GetEnvironmentVariable("WAGGLE_CHURN_PODS"), NumberStyles.None, CultureInfo.InvariantCulture, out int pods) ? Math.Clamp(pods, 8, 9000) : 48;
    private readonly ConcurrentDictionary<int, Short> _shorts = new();
    private TestPod _server = null!, _guarded = null!, _far = null!;

    private const string Policy = """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: guarded, namespace: default}
        spec:
          endpointSelector: {matchLabels: {app: guarded}}
          ingress: [{fromEndpoints: [{matchLabels: {app: nobody}}]}]
        """;

    /// <summary>A pod that does not live long.</summary>
    /// <param name="Gone">When its end began, ns since 1970.</param>
    private sealed record Short(string Namespace, string Name, string Job, string Ip, string Ip6)
    {
        public long Gone { get; set; } = long.MaxValue;
    }

    [Fact]
    public async Task Flows_OfShortLivedPods_HaveTheirNames()
    {
        await lab.Policies.NamespaceAsync("shop");
        _server = await lab.AddPodAsync(0, "default", "server", ("Deployment", "server"), ("app", "server"));
        _guarded = await lab.AddPodAsync(0, "default", "guarded", ("Deployment", "guarded"), ("app", "guarded"));
        _far = await lab.AddPodAsync(1, "default", "far", ("Deployment", "far"), ("app", "far"));
        lab.Serve(_server, Open);
        lab.Serve(_far, Open);
        await lab.Policies.ApplyAsync(Policy);
        Stack<TestPod> ballast = await LeaveAsync(3);
        int[] start = [.. lab.Followers.Select(f => f.Count)];

        // Three quarters only on their node; the others live until the other node knows them, and are known to be gone before the next come.
        int quick = s_pods * 3 / 4;
        await Parallel.ForEachAsync(Enumerable.Range(0, quick), new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (i, _) => await LiveAsync(i, known: false));
        for (int i = quick; i < s_pods; i++)
        {
            await ForgottenAsync();
            await LiveAsync(i, known: true);
        }

        await FenceAsync(start);
        string[] live = [.. lab.Followers.Select((f, node) => Check(node, f.From(start[node])))];
        string[] read = await Task.WhenAll(lab.Nodes.Select(async (n, node) => Check(node, await HistoryAsync(n))));
        foreach (TestPod pod in ballast.Concat([_server, _guarded, _far]))
        {
            await lab.RemovePodAsync(pod);
        }

        await lab.Policies.DeleteAsync(Policy);
        TestContext.Current.TestOutputHelper?.WriteLine($"{s_pods} pods on {_shorts.Values.Select(s => s.Ip).Distinct().Count()} addresses; node 0: {live[0]}; node 1: {live[1]}; read afterwards: {string.Join("; ", read)}");
    }

    /// <summary>A pod's life.</summary>
    private async Task LiveAsync(int i, bool known)
    {
        string job = $"burst-{i}", @namespace = i % 2 == 0 ? "default" : "shop";
        TestPod pod = await lab.AddPodAsync(0, @namespace, $"{job}-x", ("Job", job), ("app", "burst"), ("lane", $"{i / 2 % 2}"));
        Short self = _shorts[i] = new Short(@namespace, pod.Name, job, pod.Ip, pod.Ip6);
        await ConnectAsync(pod, Connected + i, _server.Ip, Open, SocketError.Success);
        await ConnectAsync(pod, Connected + i, _server.Ip6, Open, SocketError.Success);
        await ConnectAsync(pod, Refused + i, _server.Ip, Closed, SocketError.ConnectionRefused);
        Send(pod, Sent + i, _server.Ip);
        if (known)
        {
            Send(pod, Sent + i, _far.Ip); // maybe before the other node knows the pod: no name, or its own
            await PolicyLab.UntilAsync($"{lab.Nodes[1].Name} knows {pod.Name}", async () => (await RemotesAsync()).Contains($"{@namespace}/{pod.Name}") ? "known" : null);
            await ConnectAsync(pod, Connected + i, _far.Ip, Open, SocketError.Success);
        }

        Knock(pod, Denied + i, _guarded.Ip);
        self.Gone = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;
        await lab.RemovePodAsync(pod);
    }

    /// <summary>Holds every flow against the pods; how many there were, in words.</summary>
    private string Check(int node, IEnumerable<Flow> flows)
    {
        int all = 0, nameless = 0, late = 0;
        HashSet<int> connected = [], denied = [];
        foreach (Flow flow in flows)
        {
            (uint from, uint to) = flow.L4?.TCP is { } tcp ? (tcp.SourcePort, tcp.DestinationPort) : flow.L4?.UDP is { } udp ? (udp.SourcePort, udp.DestinationPort) : (0, 0);
            bool source = from >= Connected;
            uint port = Math.Max(from, to);
            if (Math.Min(from, to) is not (Open or Closed) || port < Connected || !_shorts.TryGetValue((int)port % 10000, out Short? pod))
            {
                continue; // not of a short-lived pod
            }

            all++;
            Endpoint side = source ? flow.Source : flow.Destination;
            string address = source ? flow.IP.Source : flow.IP.Destination;
            Assert.True(address == pod.Ip || address == pod.Ip6, $"{flow}");
            if (node == 1 && side.PodName.Length == 0)
            {
                Assert.False(port < Refused && source && flow.L4?.TCP.Flags.SYN == true, $"{pod} was known to {lab.Nodes[1].Name}: {flow}");
                nameless++;
            }
            else if (!source && flow.Time.Seconds * 1_000_000_000 + flow.Time.Nanos >= pod.Gone)
            {
                Assert.Contains(_shorts.Values, s => (s.Ip == address || s.Ip6 == address) && s.Name == side.PodName); // went to whoever had the address by then
                late++;
            }
            else
            {
                Assert.True((side.Namespace, side.PodName) == (pod.Namespace, pod.Name) && side.Workloads.Count == 1 && side.Workloads[0].Name == pod.Job && side.Workloads[0].Kind == "Job", $"of {pod}: {flow}");
                Assert.True(side.Labels.Contains("k8s:app=burst"), $"of {pod}: {flow}");
                (flow.Verdict == Verdict.Dropped ? denied : connected).Add((int)port % 10000);
            }
        }

        Assert.Equal(node == 0 ? s_pods : s_pods - s_pods * 3 / 4, connected.Count);
        Assert.True(node == 1 || denied.Count > s_pods / 2, $"only {denied.Count} pods were seen to be denied");
        return $"{all} flows of {connected.Count} pods, {denied.Count} denied, {nameless} without a name, {late} after the pod's end";
    }

    private static async Task ConnectAsync(TestPod pod, int port, string to, int at, SocketError expected)
    {
        using Socket socket = NamesLab.Open(pod, SocketType.Stream, ProtocolType.Tcp, port);
        socket.LingerState = new LingerOption(true, 0); // ends with RST: nobody sends again
        SocketError result = SocketError.Success;
        try
        {
            await socket.ConnectAsync(IPAddress.Parse(to), at).WaitAsync(TimeSpan.FromSeconds(60));
        }
        catch (SocketException e)
        {
            result = e.SocketErrorCode;
        }

        Assert.Equal(expected, result);
    }

    private static void Send(TestPod pod, int port, string to)
    {
        using Socket socket = NamesLab.Open(pod, SocketType.Dgram, ProtocolType.Udp, port);
        socket.SendTo("here I am"u8, new IPEndPoint(IPAddress.Parse(to), Open));
    }

    /// <summary>Sends a SYN that is not let in, and waits for nothing.</summary>
    private static void Knock(TestPod pod, int port, string to)
    {
        using Socket socket = NamesLab.Open(pod, SocketType.Stream, ProtocolType.Tcp, port);
        socket.Blocking = false;
        SocketException e = Assert.Throws<SocketException>(() => socket.Connect(IPAddress.Parse(to), Open));
        Assert.Equal(SocketError.WouldBlock, e.SocketErrorCode);
    }

    /// <summary>Fills the first node's addresses up, but for so many.</summary>
    private async Task<Stack<TestPod>> LeaveAsync(int free)
    {
        var ballast = new Stack<TestPod>();
        try
        {
            while (true)
            {
                ballast.Push(await lab.AddPodAsync(0, "default", $"ballast-{ballast.Count}", ("Deployment", "ballast"), ("app", "ballast")));
                Assert.True(ballast.Count < 16, "the node has more addresses than its prefix");
            }
        }
        catch (InvalidOperationException e) when (e.Message.Contains("address", StringComparison.Ordinal))
        {
        }

        for (int i = 0; i < free; i++)
        {
            await lab.RemovePodAsync(ballast.Pop());
        }

        return ballast;
    }

    /// <summary>Pods of other nodes that the second node knows, as "namespace/name".</summary>
    private async Task<HashSet<string>> RemotesAsync() =>
        [.. (await lab.Nodes[1].GetAsync("/v1/tables/ipcache"))["rows"]!.AsArray().Select(r => (string?)r!["Owner"] ?? (string?)r["owner"] ?? "")];

    /// <summary>Waits until the second node has heard of the end of every short-lived pod.</summary>
    private Task<string> ForgottenAsync() => PolicyLab.UntilAsync($"{lab.Nodes[1].Name} forgets", async () =>
    {
        HashSet<string> known = await RemotesAsync(), left = [.. (await lab.Nodes[0].GetAsync("/v1/tables/endpoints"))["rows"]!.AsArray().Select(r => (string?)r!["pod"] ?? "")];
        return _shorts.Values.Any(s => known.Contains($"{s.Namespace}/{s.Name}") || left.Contains(s.Name)) ? null : "forgotten";
    });

    /// <summary>All events of before are told: one ring buffer, in order.</summary>
    private async Task FenceAsync(int[] start)
    {
        foreach ((TestPod from, TestPod to, int node) in new[] { (_server, _guarded, 0), (_far, _server, 1) })
        {
            Send(from, 19999, to.Ip);
            await lab.Followers[node].UntilAsync("the mark", start[node], f => f.L4?.UDP?.SourcePort == 19999 && f.TraceObservationPoint == TraceObservationPoint.FromEndpoint);
        }
    }

    private static async Task<IReadOnlyList<Flow>> HistoryAsync(TestNode node)
    {
        using var channel = new RpcChannel(RpcTarget.Unix(node.HubbleSocket));
        var flows = new List<Flow>();
        await foreach (GetFlowsResponse response in channel.StreamAsync(HubbleMethods.GetFlows, new GetFlowsRequest { Number = 131071 }))
        {
            if (response.Flow is { } flow)
            {
                flows.Add(flow);
            }
        }

        return flows;
    }
}
