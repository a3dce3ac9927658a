using Waggle.Agent.Monitor;
using Waggle.Datapath.Abi;
using Waggle.Hubble.Assembly;
using Waggle.Hubble.Observing;
using Waggle.Hubble.Printing;
using Waggle.Hubble.Protocol.Flows;
using Message = Waggle.Hubble.Protocol.Flows.DebugEvent;

namespace Waggle.Agent.Hubble;

/// <summary>What the programs tell of each step (<c>debug-verbose: datapath</c>), for those who ask for debug events.</summary>
internal sealed class DebugTap(FlowObserver observer, IFlowMetadata metadata, LocalEndpoints endpoints) : IEventTap
{
    private readonly FlowClock _clock = new();

    public void OnDebug(in Waggle.Datapath.Abi.DebugEvent debug)
    {
        endpoints.CatchUp();
        var type = (DebugEventType)debug.Message;
        var known = DebugTexts.Arguments(type);
        var message = new Message
        {
            Type = type, Hash = debug.Hash, Cpu = (int)debug.Header.Cpu, Message = DebugTexts.Of(type, debug.Arg1, debug.Arg2, debug.Arg3),
            Arg1 = known > 0 ? debug.Arg1 : null, Arg2 = known > 1 ? debug.Arg2 : null, Arg3 = known > 2 ? debug.Arg3 : null,
        };
        if (debug.Header.EndpointId != 0)
        {
            message.Source = metadata.ByEndpoint(debug.Header.EndpointId) is { } endpoint
                ? new Endpoint { ID = endpoint.Id, Identity = endpoint.Identity, Namespace = endpoint.Namespace, PodName = endpoint.PodName, ClusterName = endpoint.ClusterName, Labels = { endpoint.Labels } }
                : new Endpoint { ID = debug.Header.EndpointId };
        }

        observer.DebugEvents.Add(_clock.UnixNs(debug.Header.Timestamp), message);
    }

    public void OnDrop(in DropEvent drop, ReadOnlySpan<byte> packet)
    {
    }

    public void OnTrace(in TraceEvent trace, ReadOnlySpan<byte> packet)
    {
    }

    public void OnVerdict(in VerdictEvent verdict, ReadOnlySpan<byte> packet)
    {
    }

    public void OnMembership(in MembershipEvent membership)
    {
    }

    public void OnLost(ulong count)
    {
    }
}
