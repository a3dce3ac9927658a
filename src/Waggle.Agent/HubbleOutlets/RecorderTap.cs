using Waggle.Agent.Config;
using Waggle.Agent.Hubble;
using Waggle.Agent.Monitor;
using Waggle.Datapath.Abi;
using Waggle.Hubble.Recording;
using Waggle.Hubble.Rpc.Server;

namespace Waggle.Agent.HubbleOutlets;

/// <summary>
/// Packets of drop and trace events for recordings, where the programs cannot take them themselves. A packet that goes through several
/// places is taken where it leaves: at the <c>to-…</c> points.
/// </summary>
internal sealed class RecorderTap(PacketRecorder recorder, CaptureService capture) : IEventTap
{
    private readonly FlowClock _clock = new();

    public void OnDrop(in DropEvent drop, ReadOnlySpan<byte> packet)
    {
        if (recorder.Wanted && !capture.Active)
        {
            recorder.Offer(packet, drop.Packet.PacketLength, _clock.UnixNs(drop.Header.Timestamp));
        }
    }

    public void OnTrace(in TraceEvent trace, ReadOnlySpan<byte> packet)
    {
        if (recorder.Wanted && !capture.Active && (TracePoint)trace.Point is TracePoint.ToEndpoint or TracePoint.ToHost or TracePoint.ToStack or TracePoint.ToOverlay or TracePoint.ToNetwork or TracePoint.ToProxy)
        {
            recorder.Offer(packet, trace.Packet.PacketLength, _clock.UnixNs(trace.Header.Timestamp));
        }
    }

    public void OnVerdict(in VerdictEvent verdict, ReadOnlySpan<byte> packet)
    {
        // The packet comes again, as a trace or a drop.
    }

    public void OnMembership(in MembershipEvent membership)
    {
    }

    public void OnLost(ulong count)
    {
    }
}

/// <summary>The recorder among Hubble's services.</summary>
internal sealed class RecorderDoor(PacketRecorder recorder, ConfigState config, AgentArguments arguments, TimeProvider time) : IHubbleService
{
    public void AddTo(RpcServer server) => new RecorderServer(
        recorder, NodeNames.Of(config.Current.ClusterName, arguments.NodeName), config.Current["hubble-recorder-storage-path"], config.Current.Number("hubble-recorder-sink-queue-size"), time,
        (ulong)config.Current.Number("hubble-recorder-max-file-size-mb") << 20, config.Current.Duration("hubble-recorder-max-time")).AddTo(server);
}
