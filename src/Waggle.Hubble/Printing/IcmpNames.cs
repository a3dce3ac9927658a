using System.Collections.Frozen;
using System.Globalization;

namespace Waggle.Hubble.Printing;

/// <summary>ICMP messages in words: <c>EchoRequest</c>, <c>DestinationUnreachable(Port)</c> (IANA's registries of types and codes).</summary>
public static class IcmpNames
{
    private static readonly FrozenDictionary<uint, (string Name, string[] Codes)> Four = new Dictionary<uint, (string, string[])>
    {
        [0] = ("EchoReply", []),
        [3] = ("DestinationUnreachable", ["Net", "Host", "Protocol", "Port", "FragmentationNeeded", "SourceRoutingFailed", "NetUnknown", "HostUnknown", "SourceIsolated", "NetAdminProhibited", "HostAdminProhibited", "NetTOS", "HostTOS", "CommAdminProhibited", "HostPrecedence", "PrecedenceCutoff"]),
        [4] = ("SourceQuench", []),
        [5] = ("Redirect", ["Net", "Host", "TOS+Net", "TOS+Host"]),
        [8] = ("EchoRequest", []),
        [9] = ("RouterAdvertisement", []),
        [10] = ("RouterSolicitation", []),
        [11] = ("TimeExceeded", ["TTLExceeded", "FragmentReassemblyTimeExceeded"]),
        [12] = ("ParameterProblem", ["PointerIndicatesError", "MissingOption", "BadLength"]),
        [13] = ("TimestampRequest", []),
        [14] = ("TimestampReply", []),
        [15] = ("InfoRequest", []),
        [16] = ("InfoReply", []),
        [17] = ("AddressMaskRequest", []),
        [18] = ("AddressMaskReply", []),
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<uint, (string Name, string[] Codes)> Six = new Dictionary<uint, (string, string[])>
    {
        [1] = ("DestinationUnreachable", ["NoRouteToDst", "AdminProhibited", "BeyondScopeOfSrc", "AddressUnreachable", "PortUnreachable", "SrcAddressFailedPolicy", "RejectRouteToDst"]),
        [2] = ("PacketTooBig", []),
        [3] = ("TimeExceeded", ["HopLimitExceeded", "FragmentReassemblyTimeExceeded"]),
        [4] = ("ParameterProblem", ["ErroneousHeader", "UnrecognizedNextHeader", "UnrecognizedIPv6Option"]),
        [128] = ("EchoRequest", []),
        [129] = ("EchoReply", []),
        [130] = ("MLDv1MulticastListenerQueryMessage", []),
        [131] = ("MLDv1MulticastListenerReportMessage", []),
        [132] = ("MLDv1MulticastListenerDoneMessage", []),
        [133] = ("RouterSolicitation", []),
        [134] = ("RouterAdvertisement", []),
        [135] = ("NeighborSolicitation", []),
        [136] = ("NeighborAdvertisement", []),
        [137] = ("Redirect", []),
        [143] = ("MLDv2MulticastListenerReportMessageV2", []),
    }.ToFrozenDictionary();

    public static string V4(uint type, uint code) => Of(Four, type, code);

    public static string V6(uint type, uint code) => Of(Six, type, code);

    private static string Of(FrozenDictionary<uint, (string Name, string[] Codes)> table, uint type, uint code)
    {
        if (!table.TryGetValue(type, out var known))
        {
            return string.Create(CultureInfo.InvariantCulture, $"{type}({code})");
        }

        return code < known.Codes.Length ? $"{known.Name}({known.Codes[code]})"
            : code == 0 ? known.Name
            : string.Create(CultureInfo.InvariantCulture, $"{known.Name}(Code: {code})");
    }
}
