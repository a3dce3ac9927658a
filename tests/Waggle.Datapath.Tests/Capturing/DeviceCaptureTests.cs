using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Bpf;
using Waggle.Bpf.Tests.Support;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Attaching;
using Waggle.Datapath.Capturing;
using Waggle.Datapath.Loading;
using Waggle.Datapath.Tests.Loading;
using Waggle.Netlink;
using TrafficDirection = Waggle.Netlink.TrafficDirection;

namespace Waggle.Datapath.Tests.Capturing;

/// <summary>Capturing beside the programs that forward.</summary>
public abstract class DeviceCaptureTests : IAsyncDisposable
{
    private const ushort Last = 9;
    private readonly TestNetwork _network = new();
    private readonly List<(byte[] Packet, uint Length)> _taken = [];
    private readonly Rtnl _rtnl;
    private readonly AttachMode _mode;
    private readonly DeviceCapture _capture;

    protected DeviceCaptureTests(AttachMode mode)
    {
        _mode = mode;
        _rtnl = Rtnl.Open(_network.Far);
        TestNetwork.Ip(_network.Near, "link set left mtu 9000");
        TestNetwork.Ip(_network.Far, "link set right mtu 9000");
        TestNetwork.Ip(_network.Near, "-6 addr add fd00::1/64 dev left nodad");
        TestNetwork.Ip(_network.Far, "-6 addr add fd00::2/64 dev right nodad");
        TestNetwork.Ip(_network.Near, "-6 neigh replace fd00::2 lladdr 02:00:00:00:00:02 dev left");
        _capture = DeviceCapture.Load((packet, length, _) => _taken.Add((packet.ToArray(), length)), mode == AttachMode.Clsact ? _rtnl : null);
    }

    private AttachPoint Right => new("right", _network.RightIndex, TrafficDirection.Ingress);

    public async ValueTask DisposeAsync()
    {
        await _capture.DisposeAsync();
        _rtnl.Dispose();
        _network.Dispose();
        GC.SuppressFinalize(this);
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
        Attach();
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
        Attach();
        _capture.SetRules([Any(Last)], 60);
        Send("192.0.2.2", 5000, 8000, Last);
        Until(() => _taken.Count == 1);
        Assert.Equal((60, 8042u), (_taken[0].Packet.Length, _taken[0].Length));
        Attach();
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
        Attach();
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
    public async Task Forwarder_ThatKeepsPackets_IsAskedAfterwards_AlsoWhenItWasReplaced()
    {
        using var fixture = new LoaderFixture();
        using LoadedDatapath first = fixture.Load(["counting"]), second = fixture.Load(["counting"]);
        _network.Far.Run(() =>
        {
            var attachments = new Attachments(fixture.Paths, new BpfFeatures(), _rtnl, NullLogger<Attachments>.Instance, _mode);
            Assert.Equal(AttachOutcome.Attached, attachments.AttachAsync(Right, first["count"]).GetAwaiter().GetResult());
            return 0;
        });
        Attach();
        _capture.SetRules([Any(Last)], DeviceCapture.MaxSnapLength);
        Send("192.0.2.2", 5000, 10, Last); // which the other program drops
        Until(() => _taken.Count == 1);
        _network.Far.Run(() =>
        {
            var attachments = new Attachments(fixture.Paths, new BpfFeatures(), _rtnl, NullLogger<Attachments>.Instance, _mode);
            Assert.Equal(AttachOutcome.Replaced, attachments.AttachAsync(Right, second["count"]).GetAwaiter().GetResult());
            return 0;
        });
        Send("192.0.2.2", 5000, 10, Last);
        Until(() => _taken.Count == 2);
        await _capture.DetachAsync(_network.RightIndex);
        Assert.Equal(1, Programs());
    }

    [Fact]
    public async Task Detach_LeavesNoProgram()
    {
        Attach();
        Assert.Equal(2, Programs());
        await _capture.DetachAsync(_network.RightIndex);
        Assert.Equal(0, Programs());
        Assert.False(_network.Far.Run(() => _capture.AttachAsync(99999, true, true).GetAwaiter().GetResult()));
    }

    [Fact]
    public async Task Dispose_LeavesNoProgram()
    {
        Attach();
        await _capture.DisposeAsync();
        Assert.Equal(0, Programs());
    }

    [Fact]
    public async Task Sweep_RemovesWhatAnEndedProcessLeft_AndNothingElse()
    {
        using var fixture = new LoaderFixture();
        using var other = fixture.Load(["counting"]);
        await _rtnl.Traffic.EnsureClsactAsync(_network.RightIndex, TestContext.Current.CancellationToken);
        await _rtnl.Traffic.AddFilterAsync(new BpfFilter(_network.RightIndex, TrafficDirection.Ingress) { Handle = 0x5747 }, other["count"].Handle, TestContext.Current.CancellationToken);
        Attach();
        Assert.Equal(_mode == AttachMode.Clsact ? 2 : 0, await DeviceCapture.SweepAsync(_rtnl, TestContext.Current.CancellationToken));
        Assert.Equal(_mode == AttachMode.Clsact ? 1 : 3, Programs());
        Assert.Equal(0, await DeviceCapture.SweepAsync(_rtnl, TestContext.Current.CancellationToken));
    }

    private void Attach() => Assert.True(_network.Far.Run(() => _capture.AttachAsync(_network.RightIndex, incoming: true, outgoing: true).GetAwaiter().GetResult()));

    /// <summary>At the device, of both kinds and directions.</summary>
    private int Programs() => _network.Far.Run(() =>
        ((bool[])[true, false]).Sum(ingress => (_mode == AttachMode.Tcx ? BpfLink.QueryTcx(_network.RightIndex, ingress).Count : 0)
            + _rtnl.Traffic.ListFiltersAsync(_network.RightIndex, ingress ? TrafficDirection.Ingress : TrafficDirection.Egress).GetAwaiter().GetResult().Count));

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

/// <summary>As the first of a device's tcx links.</summary>
public sealed class TcxCaptureTests() : DeviceCaptureTests(AttachMode.Tcx);

/// <summary>As the newest of a device's clsact filters, as on kernels before 6.6.</summary>
public sealed class ClsactCaptureTests() : DeviceCaptureTests(AttachMode.Clsact);
