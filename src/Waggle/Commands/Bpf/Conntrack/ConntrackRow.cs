using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Waggle.Datapath.Abi;

namespace Waggle.Commands.Bpf.Conntrack;

/// <summary>A tracked connection, seen from who opened it.</summary>
/// <param name="Now">Seconds of CLOCK_MONOTONIC, by which the map counts.</param>
internal sealed record ConntrackRow(IPEndPoint Source, IPEndPoint Destination, byte Protocol, ConntrackEntry Entry, long Now)
{
    public static ConntrackRow Of(ConntrackKey key, ConntrackEntry entry, long now)
    {
        var low = new IPEndPoint(key.Low.ToIPAddress() ?? IPAddress.IPv6Any, key.LowPort.Value);
        var high = new IPEndPoint(key.High.ToIPAddress() ?? IPAddress.IPv6Any, key.HighPort.Value);
        var lowOpened = (entry.Flags & (ushort)ConntrackFlags.LowInitiated) != 0;
        return new ConntrackRow(lowOpened ? low : high, lowOpened ? high : low, key.Protocol, entry, now);
    }

    public static string ProtocolName(byte protocol) => protocol switch
    {
        1 => "ICMP", 6 => "TCP", 17 => "UDP", 58 => "ICMPv6", 132 => "SCTP", _ => protocol.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Seconds until it is forgotten; 0: it has been.</summary>
    public long Remaining => Math.Max(0, Entry.Expires - Now);

    public IReadOnlyList<string> Flags => [.. Enum.GetValues<ConntrackFlags>().Where(f => f != ConntrackFlags.LowInitiated && (Entry.Flags & (ushort)f) != 0).Select(f => f.ToString())];

    public string Line => string.Create(
        CultureInfo.InvariantCulture,
        $"{ProtocolName(Protocol)} {Source} -> {Destination} expires={Remaining} Packets={Entry.Initiator.Packets}/{Entry.Responder.Packets} Bytes={Entry.Initiator.Bytes}/{Entry.Responder.Bytes} "
        + $"RxFlagsSeen=0x{Entry.FlagsResponder:x2} TxFlagsSeen=0x{Entry.FlagsInitiator:x2} Flags=0x{Entry.Flags:x4} [ {string.Join(' ', Flags)} ] RevNAT={Entry.Service} "
        + $"SourceSecurityID={Entry.InitiatorIdentity} DestinationSecurityID={Entry.ResponderIdentity} Revision={Entry.Revision} EgressRule={Entry.EgressRule} IngressRule={Entry.IngressRule}");

    public JsonObject ToJson() => new()
    {
        ["protocol"] = ProtocolName(Protocol), ["source"] = Source.Address.ToString(), ["sourcePort"] = Source.Port, ["destination"] = Destination.Address.ToString(), ["destinationPort"] = Destination.Port,
        ["expiresIn"] = Remaining, ["age"] = Math.Max(0, Now - Entry.Created), ["flags"] = new JsonArray([.. Flags.Select(f => (JsonNode)f)]),
        ["sourceIdentity"] = Entry.InitiatorIdentity, ["destinationIdentity"] = Entry.ResponderIdentity, ["revision"] = Entry.Revision, ["egressRule"] = Entry.EgressRule, ["ingressRule"] = Entry.IngressRule,
        ["packets"] = Entry.Initiator.Packets, ["bytes"] = Entry.Initiator.Bytes, ["replyPackets"] = Entry.Responder.Packets, ["replyBytes"] = Entry.Responder.Bytes,
    };
}
