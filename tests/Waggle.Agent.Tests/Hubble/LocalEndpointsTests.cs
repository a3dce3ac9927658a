using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Hubble;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;
using Waggle.Hubble.Consumers;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Observing;
using Waggle.Hubble.Ring;
using Waggle.State.Tables;

namespace Waggle.Agent.Tests.Hubble;

/// <summary>Events meet the pods of their moment, however late they are read and however late the tables are followed.</summary>
public sealed class LocalEndpointsTests : IDisposable
{
    private readonly EndpointTable _table = new(new StateDb());
    private readonly FlowRing _ring = new(15, 1);
    private readonly HubbleMetadata _metadata = new([]);
    private readonly LocalEndpoints _local;
    private readonly EventAdapter _adapter;

    public LocalEndpointsTests()
    {
        var pipeline = new FlowPipeline(_ring, new FlowConsumers(NullLogger<FlowConsumers>.Instance), _metadata);
        var observer = new FlowObserver(_ring, pipeline.Namespaces, () => new ObserverOptions("test", Waggle.Hubble.Flows.NodeInfo.None), TimeProvider.System);
        _local = new LocalEndpoints(_metadata, new AgentEvents(observer), _table, "default");
        _adapter = new EventAdapter(pipeline, _local);
    }

    public void Dispose() => _local.Dispose();

    [Fact]
    public void OnTrace_OfAPodThatNobodyFollowedYet_NamesIt()
    {
        _table.Upsert(Row(1, "first", since: 100));
        Assert.Equal(("first", "Deployment"), Trace(150));
    }

    [Fact]
    public void OnTrace_ReadAfterTheAddressWentOn_NamesWhoHadIt()
    {
        _table.Upsert(Row(1, "first", since: 100));
        Trace(150);
        _table.Delete(1);
        _table.Upsert(Row(2, "second", since: 200));
        Assert.Equal("first", Trace(199).Pod);
        Assert.Equal("second", Trace(201).Pod);
        _table.Delete(2);
        Assert.Equal("second", Trace(900).Pod); // its last packets, and answers to it
    }

    [Fact]
    public void OnTrace_OfPodsThatCameAndWentUnseen_NamesThem()
    {
        for (int i = 1; i <= 10; i++)
        {
            _table.Upsert(Row(i, $"p{i}", since: i * 100));
            _table.Delete(i);
        }

        Assert.All(Enumerable.Range(1, 10), i => Assert.Equal($"p{i}", Trace(i * 100 + 50).Pod));
    }

    [Fact]
    public void OnTrace_InSteadyState_DoesNotAllocate()
    {
        _metadata.Services.Set(FlowAddress.FromIPv4(0x0a000108), 2000, 17, new ServiceInfo("dns", "default"));
        _table.Upsert(Row(1, "first", since: 100));
        _table.Delete(1);
        _table.Upsert(Row(2, "second", since: 200));
        byte[] packet = PacketBuilder.Ip("10.0.1.7", "10.0.1.8").UdpPorts(1000, 2000).Build();
        Assert.Equal("second", Trace(250).Pod);
        long before = 0;
        for (int i = 0; i < 20_000; i++)
        {
            if (i == 10_000)
            {
                before = GC.GetAllocatedBytesForCurrentThread(); // the first ones may be counted by what compiles the code
            }

            Tell(150 + i % 2 * 100, packet);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(_ring.TryRead(_ring.Newest, out FlowRecord record) == RingRead.Read && record.DestinationService?.Name == "dns");
    }

    private (string Pod, string Kind) Trace(long moment)
    {
        Tell(moment, PacketBuilder.Ip("10.0.1.7", "10.0.1.8").UdpPorts(1000, 2000).Build());
        Assert.Equal(RingRead.Read, _ring.TryRead(_ring.Newest, out FlowRecord record));
        return (record.SourceEndpoint.PodName, record.SourceEndpoint.Workloads.FirstOrDefault()?.Kind ?? "");
    }

    private void Tell(long moment, byte[] packet)
    {
        var trace = default(TraceEvent);
        trace.Header.Type = (byte)EventType.Trace;
        trace.Header.Timestamp = (ulong)moment;
        trace.Point = (byte)TracePoint.ToStack;
        trace.Packet.PacketLength = (uint)packet.Length;
        _adapter.OnTrace(in trace, packet);
    }

    private static EndpointRow Row(int id, string pod, long since) => new(new EndpointState
    {
        Id = id, ContainerId = $"c{id}", IfName = "eth0", Namespace = "default", Pod = pod, Ipv4 = "10.0.1.7", Slot = id, Identity = 1000, Workload = "Deployment/web",
    }) { Since = since };
}
