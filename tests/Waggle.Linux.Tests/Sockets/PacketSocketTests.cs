using System.Net.Sockets;

namespace Waggle.Linux.Tests.Sockets;

public sealed class PacketSocketTests
{
    [Fact]
    public async Task SendReceive_FrameOverLoopback_WholeFrame()
    {
        using NetworkNamespace inside = NetworkNamespace.Create();
        using (var up = System.Diagnostics.Process.Start("nsenter", [$"--net=/proc/{Environment.ProcessId}/fd/{inside.Descriptor.Number}", "ip", "link", "set", "lo", "up"]))
            await up.WaitForExitAsync();
        using Socket sender = PacketSocket.Open(1, 0, inside);
        using Socket receiver = PacketSocket.Open(1, 0x88b5, inside); // an EtherType for local experiments
        byte[] frame = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x88, 0xb5, .. "payload of the frame, as it is"u8];
        await sender.SendAsync(frame);
        byte[] buffer = new byte[256];
        int count = await receiver.ReceiveAsync(buffer).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(frame, buffer[..count]);
    }

    [Fact]
    public void Open_NoSuchInterface_Refused()
    {
        using NetworkNamespace inside = NetworkNamespace.Create();
        Assert.Equal(Errno.ENODEV, Assert.Throws<LinuxException>(() => PacketSocket.Open(4711, inside: inside)).Errno);
    }
}
