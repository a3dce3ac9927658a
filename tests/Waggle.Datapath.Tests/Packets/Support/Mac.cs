using Waggle.Datapath.Abi;

namespace Waggle.Datapath.Tests.Packets.Support;

/// <summary>The Ethernet addresses of the tests.</summary>
internal static class Mac
{
    public static byte[] Pod => [0x02, 0, 0, 0, 1, 1];

    /// <summary>Host side of the sending pod's veth.</summary>
    public static byte[] Gateway => [0x02, 0, 0, 0, 1, 2];

    public static byte[] OtherPod => [0x02, 0, 0, 0, 2, 1];

    public static byte[] OtherGateway => [0x02, 0, 0, 0, 2, 2];

    /// <summary>Of cilium_host.</summary>
    public static byte[] Host => [0x02, 0, 0, 0, 3, 1];

    public static byte[] Broadcast => [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

    public static ByteArray6 Abi(byte[] mac)
    {
        ByteArray6 value = default;
        mac.CopyTo(value);
        return value;
    }
}
