using Waggle.Hubble.DropEvents;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Tests.Support;
using Waggle.Tests.Shared;

namespace Waggle.Hubble.Tests.DropEvents;

public sealed class PacketDropEventsTests
{
    private readonly List<string> _told = [];
    private readonly ManualTime _time = new();

    [Fact]
    public async Task Drops_AreToldAtThePod_OnceInAnInterval()
    {
        PacketDropEvents events = Make();
        FlowRecord incoming = Records.Drop(), outgoing = incoming;
        outgoing.Direction = TrafficDirection.Egress;
        outgoing.DestinationEndpoint = Records.World;
        outgoing.DestinationIdentity = 2;
        outgoing.Protocol = IpProtocol.Icmp;
        FlowRecord[] flows = [incoming, incoming, outgoing, Records.Drop(169), Records.Tcp()];
        await events.OnFlowsAsync(flows, TestContext.Current.CancellationToken);
        string[] expected =
        [
            "default/server: Incoming packet dropped (policy_denied) from default/client (10.0.1.5) TCP/80",
            "default/client: Outgoing packet dropped (policy_denied) to world (10.0.2.9) ICMPv4",
        ];
        Assert.Equal(expected, _told);
        await events.OnFlowsAsync(flows, TestContext.Current.CancellationToken);
        Assert.Equal(expected, _told);
        _time.Advance(TimeSpan.FromMinutes(2));
        await events.OnFlowsAsync(flows, TestContext.Current.CancellationToken);
        Assert.Equal([.. expected, .. expected], _told);
    }

    [Fact]
    public async Task Drops_WithoutAPod_AreNotTold()
    {
        FlowRecord drop = Records.Drop();
        drop.DestinationEndpoint = EndpointInfo.None;
        await Make().OnFlowsAsync(new[] { drop }, TestContext.Current.CancellationToken);
        Assert.Empty(_told);
    }

    private PacketDropEvents Make() => new(["policy_denied", "auth_required"], TimeSpan.FromMinutes(2), (place, pod, message) => _told.Add($"{place}/{pod}: {message}"), _time);
}
