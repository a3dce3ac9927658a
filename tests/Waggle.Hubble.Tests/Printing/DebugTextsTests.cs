using System.Net;
using Waggle.Hubble.Printing;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Tests.Printing;

public sealed class DebugTextsTests
{
    private static readonly uint Client = BitConverter.ToUInt32(IPAddress.Parse("10.0.0.3").GetAddressBytes()), Web = BitConverter.ToUInt32(IPAddress.Parse("10.0.0.2").GetAddressBytes());

    public static TheoryData<DebugEventType, uint, uint, uint, string> Messages => new()
    {
        { DebugEventType.DbgCtLookup41, Client, Web, (80u << 16) | 58250, "connection looked up: 10.0.0.3:58250 -> 10.0.0.2:80" },
        { DebugEventType.DbgCtLookup61, 0x0300_00fd, 0x0200_0000, (53u << 16) | 1, "connection looked up: […:fd00:3]:1 -> […:0:2]:53" },
        { DebugEventType.DbgCtLookup42, (17 << 8) | 2, 0, 0, "connection looked up: protocol 17, untracked" },
        { DebugEventType.DbgCtVerdict, 3, 0, 0, "connection: related" },
        { DebugEventType.DbgCtVerdict, 77, 0, 0, "connection: 77" },
        { DebugEventType.DbgL4Create, 1001, 1002, (0x5000u << 16) | 6, "policy allows identity 1001 to identity 1002, port 80, protocol 6" },
        { DebugEventType.DbgPolicyDenied, 1001, 1002, 0, "policy denies identity 1001 to identity 1002" },
        { DebugEventType.DbgEncap, 0xac12_0003, 1001, 0, "into the tunnel to node 172.18.0.3, from identity 1001" },
        { DebugEventType.DbgIpIdMapFailed4, Web, 0, 0, "nobody is known at 10.0.0.2" },
        { DebugEventType.DbgIpIdMapSucceed4, Web, 1002, 0, "10.0.0.2 has identity 1002" },
        { DebugEventType.DbgLocalDelivery, 7, 1001, 0, "delivered to endpoint 7, from identity 1001" },
        { (DebugEventType)200, 1, 2, 3, "message 200, arguments 1 2 3" },
    };

    [Theory]
    [MemberData(nameof(Messages))]
    public void Of_AMessage_SaysWhatHappened(DebugEventType type, uint arg1, uint arg2, uint arg3, string expected)
    {
        Assert.Equal(expected, DebugTexts.Of(type, arg1, arg2, arg3));
        Assert.InRange(DebugTexts.Arguments(type), 0, 3);
    }
}
