using Waggle.Hubble.Assembly;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Tests.Shared;

namespace Waggle.Hubble.Tests.Assembly;

public sealed class FlowAssemblerTests
{
    private readonly TestMetadata _metadata = new();

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.2")]
    [InlineData("fd00::1", "fd00::2")]
    public void Assemble_OfATcpPacket_KnowsHeadersAndSides(string source, string destination)
    {
        _metadata.Set(source, new EndpointInfo { Id = 7, Identity = 1000, Namespace = "shop", PodName = "web-1", Labels = ["k8s:app=web"], Workloads = [new("web", "Deployment")] });
        var input = Packets.Trace(5, endpoint: 7);
        input.SourceIdentity = 1000;
        input.DestinationIdentity = 2;
        var record = default(FlowRecord);
        new FlowAssembler(_metadata).Assemble(input, Packets.Tcp(source, destination, 1234, 80, TcpFlagBits.Syn | TcpFlagBits.Ack | TcpFlagBits.Ns), ref record);
        var flow = FlowEncoder.Encode(record);
        Assert.Equal((source, destination), (flow.IP.Source, flow.IP.Destination));
        Assert.Equal(new TCP { SourcePort = 1234, DestinationPort = 80, Flags = new TCPFlags { SYN = true, ACK = true, NS = true } }, flow.L4.TCP);
        Assert.Equal(("shop", "web-1", 7u, 1000u), (flow.Source.Namespace, flow.Source.PodName, flow.Source.ID, flow.Source.Identity));
        Assert.Equal(new Workload { Name = "web", Kind = "Deployment" }, Assert.Single(flow.Source.Workloads));
        Assert.Equal("reserved:world", Assert.Single(flow.Destination.Labels));
        Assert.Equal(("02:00:00:00:00:01", "02:00:00:00:00:02"), (flow.Ethernet.Source, flow.Ethernet.Destination));
        Assert.Equal((TrafficDirection.Ingress, TraceObservationPoint.ToEndpoint, false), (flow.TrafficDirection, flow.TraceObservationPoint, flow.IsReply));
    }

    [Fact]
    public void Assemble_OfServices_NamesThemByPort()
    {
        _metadata.SetService("10.96.0.1", 80, new ServiceInfo("cart", "shop"));
        _metadata.SetService("10.96.0.1", 0, new ServiceInfo("cart", "shop"));
        var record = default(FlowRecord);
        new FlowAssembler(_metadata).Assemble(Packets.Trace(5, endpoint: 7), Packets.Tcp("10.0.0.1", "10.96.0.1", 1234, 80), ref record);
        var flow = FlowEncoder.Encode(record);
        Assert.Equal(new Service { Name = "cart", Namespace = "shop" }, flow.DestinationService);
        Assert.Null(flow.SourceService);
        new FlowAssembler(_metadata).Assemble(Packets.Trace(5, endpoint: 7), Packets.Tcp("10.96.0.1", "10.0.0.1", 80, 1234), ref record);
        Assert.Equal("cart", record.SourceService?.Name);
        new FlowAssembler(_metadata).Assemble(Packets.Trace(5, endpoint: 7), Packets.Tcp("10.0.0.1", "10.96.0.1", 1234, 81), ref record);
        Assert.Null(record.DestinationService);
    }

    [Theory]
    [InlineData(1000u, 0u, "there")] // the event does not say
    [InlineData(1000u, 1000u, "there")]
    [InlineData(1000u, 1001u, "")] // another pod has the address by now, or had it
    [InlineData(1000u, 3u, "there")] // the datapath did not know the pod yet
    [InlineData(1000u, 0x0100_0001u, "there")] // it knew the prefix
    public void Assemble_OfAPodOfAnotherNode_NamesItUnlessThePacketIsOfAnother(uint identity, uint told, string expected)
    {
        _metadata.Set("10.0.1.1", new EndpointInfo { Identity = identity, Namespace = "shop", PodName = "there" });
        _metadata.Set("10.0.0.1", new EndpointInfo { Id = 7, Identity = identity, Namespace = "shop", PodName = "here" });
        var input = Packets.Trace(5, endpoint: 7);
        (input.SourceIdentity, input.DestinationIdentity) = (told, told);
        var record = default(FlowRecord);
        new FlowAssembler(_metadata).Assemble(input, Packets.Tcp("10.0.1.1", "10.0.0.1"), ref record);
        Assert.Equal((expected, "here"), (record.SourceEndpoint.PodName, record.DestinationEndpoint.PodName));
        Assert.Equal(told == 0 ? identity : told, record.SourceIdentity);
    }

    [Fact]
    public void Assemble_OfAReply_HasTheDirectionOfItsConnection()
    {
        _metadata.Set("10.0.0.2", new EndpointInfo { Id = 7, Identity = 1000 });
        var record = default(FlowRecord);
        new FlowAssembler(_metadata).Assemble(Packets.Trace(5, endpoint: 7, reply: ReplyState.Yes), Packets.Tcp("10.0.0.1", "10.0.0.2"), ref record);
        Assert.Equal(TrafficDirection.Egress, record.Direction);
        new FlowAssembler(_metadata).Assemble(Packets.Trace(5, endpoint: 7, reply: ReplyState.Unknown), Packets.Tcp("10.0.0.1", "10.0.0.2"), ref record);
        Assert.Equal((TrafficDirection.Ingress, ReplyState.Unknown), (record.Direction, record.Reply));
    }

    [Theory]
    [InlineData(TraceObservationPoint.FromEndpoint, ReplyState.Unknown, TrafficDirection.Egress)]
    [InlineData(TraceObservationPoint.ToOverlay, ReplyState.No, TrafficDirection.Egress)]
    [InlineData(TraceObservationPoint.ToOverlay, ReplyState.Yes, TrafficDirection.Ingress)]
    [InlineData(TraceObservationPoint.ToNetwork, ReplyState.Yes, TrafficDirection.Ingress)]
    [InlineData(TraceObservationPoint.ToHost, ReplyState.No, TrafficDirection.Egress)]
    public void Assemble_OfWhatAPodSends_HasADirectionAtEveryPoint(TraceObservationPoint point, ReplyState reply, TrafficDirection expected)
    {
        _metadata.Set("10.0.0.1", new EndpointInfo { Id = 7, Identity = 1000 });
        var record = default(FlowRecord);
        new FlowAssembler(_metadata).Assemble(Packets.Trace(5, (byte)point, endpoint: 7, reply: reply), Packets.Tcp("10.0.0.1", "10.9.0.2"), ref record);
        Assert.Equal(expected, record.Direction);
        new FlowAssembler(_metadata).Assemble(Packets.Trace(5, (byte)point, endpoint: 0, reply: reply), Packets.Tcp("10.9.0.1", "10.9.0.2"), ref record);
        Assert.Equal(TrafficDirection.Unknown, record.Direction);
    }

    [Fact]
    public void Assemble_OfAnEncapsulatedPacket_ShowsTheInnerAndTheTunnel()
    {
        var record = default(FlowRecord);
        new FlowAssembler(_metadata).Assemble(Packets.Trace(5), Packets.Vxlan("172.18.0.2", "172.18.0.3", 1000, Packets.Icmp("10.0.0.1", "10.0.1.1", 8)), ref record);
        var flow = FlowEncoder.Encode(record);
        Assert.Equal(("10.0.0.1", "10.0.1.1", 8u), (flow.IP.Source, flow.IP.Destination, flow.L4.ICMPv4.Type));
        Assert.Equal((Tunnel.Types.Protocol.Vxlan, 1000u, "172.18.0.2"), (flow.Tunnel.Protocol, flow.Tunnel.Vni, flow.Tunnel.IP.Source));
    }

    [Fact]
    public void Assemble_OfADrop_SaysWhereAndWhy()
    {
        _metadata.Rules[9] = [new PolicyInfo("deny-all", "shop", "CiliumNetworkPolicy", ["k8s:x=y"])];
        var input = new FlowInput { Type = FlowEventType.Drop, SubType = 133, DropReason = 133, Verdict = Verdict.Dropped, Direction = TrafficDirection.Ingress, File = "pod.bpf.c", Line = 12, Rule = 9 };
        var record = default(FlowRecord);
        new FlowAssembler(_metadata).Assemble(input, Packets.Udp("10.0.0.1", "10.0.0.2", 1, 2), ref record);
        var flow = FlowEncoder.Encode(record);
        Assert.Equal((DropReason.PolicyDenied, "Policy denied", "pod.bpf.c", 12u), (flow.DropReasonDesc, flow.DropReasonText, flow.File.Name, flow.File.Line));
        Assert.Equal(("deny-all", "shop"), (Assert.Single(flow.IngressDeniedBy).Name, flow.IngressDeniedBy[0].Namespace));
        Assert.Empty(flow.IngressAllowedBy);
    }

    [Fact]
    public void Assemble_OfAMembership_IsAFlowToTheGroup()
    {
        _metadata.Set("10.0.0.1", new EndpointInfo { Id = 7, Identity = 1000, Namespace = "default", PodName = "member" });
        FlowAddress.TryParse("239.1.1.1", out var group);
        var record = default(FlowRecord);
        new FlowAssembler(_metadata).AssembleMembership(new FlowInput { Type = FlowEventType.Membership, EndpointId = 7 }, group, Membership.Types.Change.Join, 3, 2, ref record);
        var flow = FlowEncoder.Encode(record);
        Assert.Equal(new Membership { Change = Membership.Types.Change.Join, Group = "239.1.1.1", Protocol = "IGMPV3", FilterMode = "EXCLUDE" }, flow.Membership);
        Assert.Equal("member", flow.Source.PodName);
    }

    [Fact]
    public void Parse_OfAnyBytes_NeverThrows()
    {
        var random = new Random(1);
        byte[][] seeds = [Packets.Tcp("10.0.0.1", "10.0.0.2"), Packets.Vxlan("1.1.1.1", "2.2.2.2", 5, Packets.Icmp("fd00::1", "fd00::2", 128)), Packets.Ip("fd00::1", "fd00::2", 0, [44, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4])];
        for (var i = 0; i < 50_000; i++)
        {
            var packet = (byte[])seeds[i % seeds.Length].Clone();
            for (var changes = random.Next(6); changes > 0; changes--)
            {
                packet[random.Next(packet.Length)] = (byte)random.Next(256);
            }

            var record = default(FlowRecord);
            PacketParser.Parse(packet.AsSpan(0, random.Next(packet.Length + 1)), 8472, ref record);
        }
    }

    [Fact]
    public async Task Flows_OfAThousandPodsThatCameAndWent_KeepTheirNames()
    {
        await using var server = await TestServer.StartAsync(capacity: 4095);
        for (var i = 0; i < 1000; i++)
        {
            // The same address again and again: the name must be the one of that moment.
            var address = $"10.0.0.{1 + (i % 50)}";
            server.Metadata.Set(address, new EndpointInfo { Id = (uint)i + 1, Identity = 1000, Namespace = "churn", PodName = $"pod-{i}" });
            server.Pipeline.OnPacket(Packets.Trace(i), Packets.Tcp(address, "10.9.9.9", sourcePort: (ushort)(i + 1)));
            server.Metadata.Remove(address);
        }

        using var channel = server.Connect();
        var names = new List<string>();
        await foreach (var response in channel.StreamAsync(HubbleMethods.GetFlows, new GetFlowsRequest { Number = 4095, First = true, Whitelist = { new FlowFilter { SourcePod = { "churn/" } } } }, cancellation: TestContext.Current.CancellationToken))
        {
            Assert.Equal($"pod-{response.Flow.L4.TCP.SourcePort - 1}", response.Flow.Source.PodName);
            names.Add(response.Flow.Source.PodName);
        }

        Assert.Equal(1000, names.Distinct().Count());
    }

    [Fact]
    public void Pipeline_InSteadyState_DoesNotAllocate()
    {
        _metadata.Set("10.0.0.1", new EndpointInfo { Id = 7, Identity = 1000, Namespace = "shop", PodName = "web-1" });
        var ring = new Hubble.Ring.FlowRing(1023, 1);
        var pipeline = new Hubble.Observing.FlowPipeline(ring, new Hubble.Consumers.FlowConsumers(Microsoft.Extensions.Logging.Abstractions.NullLogger<Hubble.Consumers.FlowConsumers>.Instance), _metadata);
        var packet = Packets.Tcp("10.0.0.1", "10.0.0.2");
        for (var i = 0; i < 2000; i++)
        {
            pipeline.OnPacket(Packets.Trace(5, endpoint: 7), packet);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
        {
            pipeline.OnPacket(Packets.Trace(5, endpoint: 7), packet);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
