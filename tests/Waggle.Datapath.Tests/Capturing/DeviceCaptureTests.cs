using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Waggle.Bpf;
using Waggle.Bpf.Tests.Support;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Capturing;

namespace Waggle.Datapath.Tests.Capturing;

public sealed class DeviceCaptureTests : IDisposable
{
    private const ushort Last = 9;
    private readonly TestNetwork _network = new();
    private readonly List<(byte[] Packet, uint Length)> _taken = [];
    private readonly DeviceCapture _capture;

    public DeviceCaptureTests()
    {
        TestNetwork.Ip(_network.Near, "link set left mtu 9000");
        TestNetwork.Ip(_network.Far, "link set right mtu 9000");
        TestNetwork.Ip(_network.Near, "-6 addr add fd00::1/64 dev left nodad");
        TestNetwork.Ip(_network.Far, "-6 addr add fd00::2/64 dev right nodad");
        TestNetwork.Ip(_network.Near, "-6 neigh replace fd00::2 lladdr 02:00:00:00:00:02 dev left");
        _capture = DeviceCapture.Load((packet, length, _) => _taken.Add((packet.ToArray(), length)));
        Assert.True(_network.Far.Run(() => _capture.Attach(_network.RightIndex, incoming: true, outgoing: true)));
    }

    public void Dispose()
    {
        _capture.Dispose();
        _network.Dispose();
    }

    [Theory]
    [InlineData("192.0.2.0", 120, 0, "192.0.2.2", 128, 0, 17, new[] { 1000, 1001 }, new int[0])]
    [InlineData("0.0.0.0", 96, 0, "0.0.0.0", 96, 1001, 0, new[] { 1001 }, new int[0])]
    [InlineData("0.0.0.0", 96, 0, "0.0.0.0", 96, 0, 6, new int[0], new int[0])]
    [InlineData("198.51.100.0", 120, 0, "0.0.0.0", 96, 0, 0, new int[0], new int[0])]
    [InlineData("0.0.0.0", 96, 5000, "0.0.0.0", 96, 0, 0, new[] { 1000, 1001 }, new int[0])]
    [InlineData("0.0.0.0", 96, 5001, "0.0.0.0", 96, 0, 0, new int[0], new int[0])]
    [InlineData("fd00::", 64, 0, "fd00::2", 128, 1000, 17, new int[0], new[] { 1000 })]
    [InlineData("fd01::", 64, 0, "::", 0, 0, 0, new int[0], new int[0])]
    public void Rules_OfEveryKind_TakeWhatMatches(string source, int sourceLength, int sourcePort, string destination, int destinationLength, int destinationPort, int protocol, int[] four, int[] six)
    {
        var rule = new CaptureRule
        {
            Source = Address.From(IPAddress.Parse(source)), SourceLength = (byte)sourceLength, SourcePort = (ushort)sourcePort,
            Destination = destination == "::" ? default : Address.From(IPAddress.Parse(destination)), DestinationLength = (byte)destinationLength, DestinationPort = (ushort)destinationPort,
            Protocol = (byte)protocol,
        };
        _capture.SetRules([rule, Any(Last)], DeviceCapture.MaxSnapLength);
        Send("192.0.2.2", 5000, 100, 1000, 1001);
        Send("fd00::2", 5000, 100, 1000, 1001);
        Send("192.0.2.2", 5002, 100, Last);
        Until(() => _taken.Any(p => Port(p.Packet) == Last) && _taken.Count == four.Length + six.Length + 1);
        Assert.Equal(four.Order(), Ports(0x0800));
        Assert.Equal(six.Order(), Ports(0x86dd));
    }

    [Fact]
    public void Snap_CutsPackets_AndTellsTheirLength()
    {
        _capture.SetRules([Any(Last)], 60);
        Send("192.0.2.2", 5000, 8000, Last);
        Until(() => _taken.Count == 1);
        Assert.Equal((60, 8042u), (_taken[0].Packet.Length, _taken[0].Length));
        _capture.SetRules([Any(Last)], DeviceCapture.MaxSnapLength);
        foreach (int size in (int[])[1, 86, 87, 470, 471, 2006, 2007, 8150, 8151])
        {
            _taken.Clear();
            Send("192.0.2.2", 5000, size, Last);
            Until(() => _taken.Count == 1);
            Assert.Equal((size + 42, (uint)size + 42), (_taken[0].Packet.Length, _taken[0].Length));
            Assert.All(_taken[0].Packet[42..], b => Assert.Equal(0xa5, b));
        }
    }

    [Fact]
    public void FullRing_LossesAreCounted_AndItGoesOn()
    {
        _capture.SetRules([Any(Last)], DeviceCapture.MaxSnapLength);
        for (var i = 0; i < 200 && _capture.Losses().Packets == 0; i++)
        {
            Send("192.0.2.2", 5000, 8000, [.. Enumerable.Repeat(Last, 100)]);
        }

        var (packets, bytes) = _capture.Losses();
        Assert.True(packets > 0);
        Assert.Equal(0ul, bytes % 8042);
        _capture.Flush();
        Assert.NotEmpty(_taken);
        _taken.Clear();
        Send("192.0.2.2", 5000, 10, Last);
        Until(() => _taken.Any(p => p.Length == 52));
    }

    [Fact]
    public void Detach_OrDispose_LeavesNoProgram()
    {
        Assert.Single(_network.Far.Run(() => BpfLink.QueryTcx(_network.RightIndex, ingress: true)));
        _capture.Detach(_network.RightIndex);
        Assert.Empty(_network.Far.Run(() => BpfLink.QueryTcx(_network.RightIndex, ingress: true)));
        Assert.Empty(_network.Far.Run(() => BpfLink.QueryTcx(_network.RightIndex, ingress: false)));
        Assert.False(_network.Far.Run(() => _capture.Attach(99999, true, true)));
    }

    /// <summary>UDP to a port, of IPv4.</summary>
    private static CaptureRule Any(ushort port) => new()
    {
        Source = Address.From(IPAddress.Any), SourceLength = 96, Destination = Address.From(IPAddress.Any), DestinationLength = 96, DestinationPort = port, Protocol = 17,
    };

    private void Send(string to, int from, int size, params ushort[] ports) => _network.Near.Run(() =>
    {
        var address = IPAddress.Parse(to);
        using var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(address.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, from));
        var payload = new byte[size];
        payload.AsSpan().Fill(0xa5);
        foreach (var port in ports)
        {
            socket.SendTo(payload, new IPEndPoint(address, port));
        }

        return 0;
    });

    private void Until(Func<bool> done)
    {
        for (var began = Stopwatch.GetTimestamp(); ; Thread.Sleep(5))
        {
            _capture.Flush();
            if (done())
            {
                return;
            }

            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(60), $"{_taken.Count} packets were taken: {string.Join(" ", _taken.Select(p => Port(p.Packet)))}");
        }
    }

    private IEnumerable<int> Ports(ushort family) => _taken.Where(p => BinaryPrimitives.ReadUInt16BigEndian(p.Packet.AsSpan(12)) == family).Select(p => Port(p.Packet)).Where(p => p != Last).Order();

    private static int Port(byte[] packet) => BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(packet[12] == 0x08 ? 36 : 56));
}
