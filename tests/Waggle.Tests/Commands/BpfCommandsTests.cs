using System.Net;
using Waggle.Datapath.Events;
using Waggle.Bpf;
using Waggle.Cli;
using Waggle.Commands.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Tests.Repository;
using Waggle.Tests.Support;

namespace Waggle.Tests.Commands;

/// <summary>The commands on real pinned maps (needs root), and without any.</summary>
public sealed class BpfCommandsTests
{
    [Fact]
    public async Task SubscriberList_OnRealMaps_SortsByAddress()
    {
        using var node = new TestNode();
        var groups = node.Add<McastGroupKey, McastGroup>("mcast_groups");
        var slots = node.Add<uint, McastSlot>("mcast_slots", BpfMapType.Array, 1024);
        slots.Update(3, new McastSlot { Kind = (uint)SlotKind.Local, Ifindex = 9, Ipv4 = At("10.0.1.200") });
        slots.Update(70, new McastSlot { Kind = (uint)SlotKind.Local, Ifindex = 8, Ipv4 = At("10.0.1.77"), Ipv6 = At("fd00::77") });
        slots.Update(1000, new McastSlot { Kind = (uint)SlotKind.Remote, Ifindex = 4, Tunnel = At("172.18.0.3") });
        groups.Update(Key("225.0.0.21"), Group(3, 70, 1000));
        groups.Update(Key("225.0.0.9"), default);
        groups.Update(Key("ff15::1"), Group(70));

        var outcome = await InProcess.RunAsync(node.Environment, "cilium", "bpf", "multicast", "subscriber", "list", "all");

        Assert.Equal(
            new Outcome(
                ExitCode.Ok,
                "Group           Subscriber      Type            \n" +
                "225.0.0.9       \n" +
                "225.0.0.21      10.0.1.77       Local Endpoint  \n" +
                "                10.0.1.200      Local Endpoint  \n" +
                "                172.18.0.3      Remote Node     \n" +
                "ff15::1         fd00::77        Local Endpoint  \n",
                ""),
            outcome);
    }

    [Fact]
    public async Task SubscriberList_UnknownGroup_Fails()
    {
        using var node = new TestNode();
        node.Add<McastGroupKey, McastGroup>("mcast_groups");
        node.Add<uint, McastSlot>("mcast_slots", BpfMapType.Array);
        var outcome = await InProcess.RunAsync(node.Environment, "cilium", "bpf", "multicast", "sub", "ls", "225.0.0.1");
        Assert.Equal(ExitCode.Failed, outcome.Code);
        Assert.Contains("there is no multicast group 225.0.0.1", outcome.Error);
    }

    [Fact]
    public async Task Group_AddListDelete_WorksAndIsSilent()
    {
        using var node = new TestNode();
        var groups = node.Add<McastGroupKey, McastGroup>("mcast_groups");
        Assert.Equal(new Outcome(ExitCode.Ok, "", ""), await RunAsync(node, "add", "225.0.0.11"));
        Assert.Equal(new Outcome(ExitCode.Ok, "", ""), await RunAsync(node, "add", "ff15::11"));
        Assert.Equal("Group Address\n225.0.0.11\nff15::11\n", (await RunAsync(node, "list")).Output);
        groups.Update(Key("225.0.0.11"), Group(1, 2));

        // A second add must not overwrite the members.
        Assert.Equal(ExitCode.Failed, (await RunAsync(node, "add", "225.0.0.11")).Code);
        Assert.True(groups.TryLookup(Key("225.0.0.11"), out var kept));
        Assert.Equal(2u, kept.Members);

        Assert.Equal(new Outcome(ExitCode.Ok, "", ""), await RunAsync(node, "del", "225.0.0.11"));
        Assert.Equal(ExitCode.Failed, (await RunAsync(node, "delete", "225.0.0.11")).Code);
        Assert.Equal("[\n  {\n    \"group_address\": \"ff15::11\"\n  }\n]\n", (await RunAsync(node, "list", "-o", "json")).Output);
    }

    [Fact]
    public async Task GroupList_Unconfigured_ShowsWhatWasSentAndAskedFor()
    {
        using var node = new TestNode();
        node.Add<McastGroupKey, McastUnconfigured>("mcast_unconfigured", BpfMapType.LruHash).Update(Key("239.1.2.3"), new McastUnconfigured { Packets = 5, Bytes = 640, Reports = 2, EndpointId = 17 });
        Assert.Equal("Group Address   Packets   Bytes   Reports   Endpoint\n239.1.2.3       5         640     2         17\n", (await RunAsync(node, "list", "--unconfigured")).Output);
    }

    [Fact]
    public async Task Group_MapAbsent_SaysThatMulticastIsOff()
    {
        using var node = new TestNode();
        var outcome = await RunAsync(node, "list");
        Assert.Equal(ExitCode.Failed, outcome.Code);
        Assert.Contains("multicast is not enabled", outcome.Error);
        Assert.Contains("cilium config set multicast-enabled true", outcome.Error);
    }

    [Fact]
    public async Task Group_NotOnANode_SaysWhereToRunIt()
    {
        var outcome = await InProcess.RunAsync("cilium", "bpf", "multicast", "group", "list");
        Assert.Equal(ExitCode.NotReachable, outcome.Code);
        Assert.Contains("kubectl -n kube-system exec ds/cilium", outcome.Error);
    }

    [Fact]
    public async Task IpcacheList_AddressesAndPrefixes_AreShownInTheirFamily()
    {
        using var node = new TestNode();
        node.Add<IpcacheKey, IpcacheEntry>("ipcache").Update(new IpcacheKey { Address = At("10.0.1.25") }, new IpcacheEntry { Identity = 4711, TunnelEndpoint = At("172.18.0.3") });
        var prefixes = node.Add<IpcachePrefixKey, IpcacheEntry>("ipcache_prefixes", BpfMapType.LpmTrie);
        prefixes.Update(new IpcachePrefixKey { PrefixLength = 32 + 96, Address = At("0.0.0.0") }, new IpcacheEntry { Identity = 2 });
        prefixes.Update(new IpcachePrefixKey { PrefixLength = 32 + 96 + 24, Address = At("10.0.2.0") }, new IpcacheEntry { Identity = 6, Flags = (uint)IpcacheFlags.Node });
        prefixes.Update(new IpcachePrefixKey { PrefixLength = 32 + 64, Address = At("fd00:1::") }, new IpcacheEntry { Identity = 2 });

        var outcome = await InProcess.RunAsync(node.Environment, "cilium", "bpf", "ipcache", "list");

        Assert.Equal(
            new Outcome(
                ExitCode.Ok,
                "IP PREFIX/ADDRESS   IDENTITY\n" +
                "0.0.0.0/0           identity=2 encryptkey=0 tunnelendpoint=0.0.0.0, flags=<none>\n" +
                "10.0.1.25/32        identity=4711 encryptkey=0 tunnelendpoint=172.18.0.3, flags=<none>\n" +
                "10.0.2.0/24         identity=6 encryptkey=0 tunnelendpoint=0.0.0.0, flags=node\n" +
                "fd00:1::/64         identity=2 encryptkey=0 tunnelendpoint=::, flags=<none>\n",
                ""),
            outcome);
    }

    [Fact]
    public async Task EndpointList_PodAndHost_AreTold()
    {
        using var node = new TestNode();
        var endpoints = node.Add<EndpointKey, EndpointInfo>("endpoints");
        var pod = new EndpointInfo { EndpointId = 42, Identity = 4711, Ifindex = 12 };
        ((Span<byte>)pod.PodMac).Fill(0xab);
        endpoints.Update(new EndpointKey { Address = At("10.0.1.25") }, pod);
        endpoints.Update(new EndpointKey { Address = At("10.0.1.1") }, new EndpointInfo { Flags = (uint)EndpointFlags.Host });

        var outcome = await InProcess.RunAsync(node.Environment, "cilium", "bpf", "endpoint", "list");

        Assert.Equal(
            "IP ADDRESS    LOCAL ENDPOINT INFO\n" +
            "10.0.1.1:0    (localhost)\n" +
            "10.0.1.25:0   id=42    sec_id=4711  flags=0x0000 ifindex=12  mac=AB:AB:AB:AB:AB:AB nodemac=00:00:00:00:00:00\n",
            outcome.Output);
    }

    [Fact]
    public async Task MetricsList_SumsOverCpus()
    {
        using var node = new TestNode();
        var cpus = BpfCpu.PossibleCount;
        node.AddPerCpu<uint, MetricsEntry>("metrics", BpfMapType.PerCpuArray, 1024).Update(2, [.. Enumerable.Repeat(new MetricsEntry { Packets = 1, Bytes = 100 }, cpus)]);
        node.AddPerCpu<MetricsSite, MetricsEntry>("metrics_sites", BpfMapType.PerCpuHash).Update(
            new MetricsSite { Reason = 132, Direction = 2, File = 1, Line = 77 }, [.. Enumerable.Repeat(new MetricsEntry { Packets = 2, Bytes = 50 }, cpus)]);

        var outcome = await InProcess.RunAsync(node.Environment, "cilium", "bpf", "metrics", "list", "-o", "jsonl");

        Assert.Equal(
            $"{{\"reason\":\"Invalid source ip\",\"code\":132,\"direction\":\"egress\",\"packets\":{2 * cpus},\"bytes\":{50 * cpus},\"file\":\"pod.bpf.c\",\"line\":77,\"drop\":true}}\n" +
            $"{{\"reason\":\"Success\",\"code\":0,\"direction\":\"egress\",\"packets\":{cpus},\"bytes\":{100 * cpus},\"file\":null,\"line\":0,\"drop\":false}}\n",
            outcome.Output);
    }

    [Fact]
    public void SourceFiles_MatchTheDatapathsNumbers()
    {
        var lines = File.ReadLines(Path.Combine(SourceTree.Root, "bpf/abi/metrics.h")).Where(line => line.Contains("SOURCE_FILE_") && line.Contains('=') && line.Contains("/*")).ToList();
        Assert.NotEmpty(lines);
        foreach (var line in lines)
        {
            var number = int.Parse(line.Split('=')[1].Split(',')[0]);
            Assert.Equal(Path.GetFileName(line.Split("/*")[1].Trim(' ', '*', '/').Split(',')[0]), SourceFiles.NameOf(number));
        }
    }

    private static Task<Outcome> RunAsync(TestNode node, params string[] words) => InProcess.RunAsync(node.Environment, ["cilium", "bpf", "multicast", "group", .. words]);

    private static Address At(string text) => Address.From(IPAddress.Parse(text));

    private static McastGroupKey Key(string group) => new() { Group = At(group) };

    private static McastGroup Group(params uint[] slots)
    {
        var group = new McastGroup { Members = (uint)slots.Length };
        foreach (var slot in slots)
        {
            group.Words[(int)slot / 64] |= 1ul << (int)(slot % 64);
        }

        return group;
    }
}
