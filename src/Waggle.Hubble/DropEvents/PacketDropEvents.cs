using System.Globalization;
using Waggle.Hubble.Consumers;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Printing;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.DropEvents;

/// <summary>Tells of a dropped packet at the pod it concerns.</summary>
/// <param name="message">For people.</param>
public delegate void PodWarning(string podNamespace, string pod, string message);

/// <summary>Turns dropped flows into Kubernetes Events <c>PacketDrop</c> of their pods, each message once in an interval.</summary>
/// <param name="reasons">Reasons to tell of, as in <c>policy_denied</c>.</param>
public sealed class PacketDropEvents(IReadOnlyCollection<string> reasons, TimeSpan interval, PodWarning warn, TimeProvider time) : IFlowConsumer
{
    private const int Remembered = 4096;

    private readonly HashSet<int> _reasons = [.. reasons.Select(reason => ProtoNames.DropReason.TryParse(reason.ToUpperInvariant(), out int number) ? number : -1)];
    private readonly Dictionary<(string Pod, string Message), DateTimeOffset> _told = [];

    public string Name => "drop-events";

    public ValueTask OnFlowsAsync(ReadOnlyMemory<FlowRecord> flows, CancellationToken cancellation)
    {
        foreach (ref readonly FlowRecord flow in flows.Span)
        {
            if (flow.Verdict == Verdict.Dropped && flow.EventType == FlowEventType.Drop && _reasons.Contains(flow.DropReason))
            {
                Tell(in flow);
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask OnLostAsync(LostEventSource source, ulong count, CancellationToken cancellation) => ValueTask.CompletedTask;

    private void Tell(in FlowRecord flow)
    {
        bool incoming = flow.Direction == TrafficDirection.Ingress;
        EndpointInfo own = incoming ? flow.DestinationEndpoint : flow.SourceEndpoint;
        if (own.PodName.Length == 0)
        {
            return;
        }

        string reason = ProtoNames.DropReason[flow.DropReason].ToLowerInvariant();
        string message = incoming
            ? $"Incoming packet dropped ({reason}) from {Peer(flow.SourceEndpoint, flow.SourceIdentity, flow.Source)} {Protocol(in flow)}"
            : $"Outgoing packet dropped ({reason}) to {Peer(flow.DestinationEndpoint, flow.DestinationIdentity, flow.Destination)} {Protocol(in flow)}";
        (string, string) key = ($"{own.Namespace}/{own.PodName}", message);
        DateTimeOffset now = time.GetUtcNow();
        if (_told.TryGetValue(key, out DateTimeOffset last) && now - last < interval)
        {
            return;
        }

        if (_told.Count >= Remembered)
        {
            _told.Clear();
        }

        _told[key] = now;
        warn(own.Namespace, own.PodName, message);
    }

    private static string Peer(EndpointInfo endpoint, uint identity, FlowAddress address) =>
        endpoint.PodName.Length > 0 ? $"{endpoint.Namespace}/{endpoint.PodName} ({address})"
        : ReservedIdentities.NameOf(identity) is { } name ? $"{name} ({address})"
        : address.ToString();

    private static string Protocol(in FlowRecord flow) => !flow.HasL4 ? "" : flow.Protocol switch
    {
        IpProtocol.Tcp => string.Create(CultureInfo.InvariantCulture, $"TCP/{flow.DestinationPort}"),
        IpProtocol.Udp => string.Create(CultureInfo.InvariantCulture, $"UDP/{flow.DestinationPort}"),
        IpProtocol.Sctp => string.Create(CultureInfo.InvariantCulture, $"SCTP/{flow.DestinationPort}"),
        IpProtocol.Icmp => "ICMPv4",
        IpProtocol.IcmpV6 => "ICMPv6",
        _ => "",
    };
}
