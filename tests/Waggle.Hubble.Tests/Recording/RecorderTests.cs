using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Hubble.Protocol.Recorders;
using Waggle.Hubble.Recording;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;
using Waggle.Hubble.Rpc.Server;
using static Waggle.Tests.Shared.Eventually;

namespace Waggle.Hubble.Tests.Recording;

public sealed class RecorderTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("wgt-").FullName;
    private readonly PacketRecorder _recorder = new();
    private RpcListener? _listener;
    private RpcChannel? _channel;

    public async ValueTask InitializeAsync()
    {
        var server = new RpcServer(NullLogger<RpcServer>.Instance);
        new RecorderServer(_recorder, "kind/worker", Path.Combine(_folder, "pcaps"), 1024, TimeProvider.System).AddTo(server);
        string socket = Path.Combine(_folder, "h.sock");
        _listener = await RpcListener.UnixAsync(socket, server, NullLoggerFactory.Instance, CancellationToken.None);
        _channel = new RpcChannel(RpcTarget.Unix(socket));
    }

    public async ValueTask DisposeAsync()
    {
        _channel!.Dispose();
        await _listener!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Record_UntilTheLimit_MakesAFileThatTcpdumpReads()
    {
        Task<RecordingStoppedResponse> stopped = RecordAsync(new StartRecording { StopCondition = new StopCondition { PacketsCapturedCount = 3 }, Include = { Tcp("10.0.0.0/8", 0, "0.0.0.0/0", 80) } });
        await WantedAsync();
        for (ushort port = 1; port <= 5; port++)
        {
            _recorder.Offer(Packet("10.0.1.5", "10.0.2.9", port, 80, protocol: 6), 1500, 1_700_000_000_123_456_789);
            _recorder.Offer(Packet("192.168.0.1", "10.0.2.9", port, 80, protocol: 6), 1500, 1);
            _recorder.Offer(Packet("10.0.1.5", "10.0.2.9", port, 81, protocol: 6), 1500, 1);
            _recorder.Offer(Packet("10.0.1.5", "10.0.2.9", port, 80, protocol: 17), 1500, 1);
        }

        RecordingStoppedResponse end = await stopped.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal((3ul, 3 * 54ul, 0ul), (end.Stats.PacketsCaptured, end.Stats.BytesCaptured, end.Stats.PacketsLost));
        Assert.Matches(@"/pcaps/hubble_\d+_[0-9a-f]{10}_kind_worker\.pcap$", end.Filesink.FilePath);
        Assert.False(_recorder.Wanted);
        string[] lines = Tcpdump(end.Filesink.FilePath);
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("1700000000.123456789 IP 10.0.1.5.1 > 10.0.2.9.80: Flags [S]", lines[0]);
    }

    [Fact]
    public async Task Record_UntilStopped_CutsPackets()
    {
        await using RpcDuplexCall<RecordRequest, RecordResponse> call = _channel!.Duplex(HubbleMethods.Record, cancellation: TestContext.Current.CancellationToken);
        await call.SendAsync(new RecordRequest { Start = new StartRecording { MaxCaptureLength = 34, Filesink = new FileSinkConfiguration { FilePrefix = "abc" }, Include = { Tcp("0.0.0.0/0", 0, "0.0.0.0/0", 0) } } });
        await WantedAsync();
        _recorder.Offer(Packet("10.0.1.5", "10.0.2.9", 1, 80, 6), 1500, 1);
        await call.SendAsync(new RecordRequest { Stop = new StopRecording() });
        RecordResponse? last = null;
        await foreach (RecordResponse response in call.ReadAllAsync())
        {
            last = response;
        }

        Assert.Equal(34ul, last!.Stopped.Stats.BytesCaptured);
        Assert.Contains("/abc_", last.Stopped.Filesink.FilePath);
        Assert.Equal("kind/worker", last.NodeName);
    }

    [Fact]
    public async Task Record_ClientGoesAway_RecordingEnds()
    {
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        await using RpcDuplexCall<RecordRequest, RecordResponse> call = _channel!.Duplex(HubbleMethods.Record, cancellation: leave.Token);
        await call.SendAsync(new RecordRequest { Start = new StartRecording { Include = { Tcp("0.0.0.0/0", 0, "0.0.0.0/0", 0) } } });
        await WantedAsync();
        await leave.CancelAsync();
        await UntilAsync(() => !_recorder.Wanted);
    }

    [Theory]
    [InlineData("../../etc/x", "10.0.0.0/8", "filesink.file_prefix")]
    [InlineData("x", "10.0.0.0", "include[0].source_cidr")]
    [InlineData("x", "", "include[0].source_cidr")]
    public async Task Record_BadRequest_NamesTheField(string prefix, string cidr, string field)
    {
        var start = new StartRecording { Filesink = new FileSinkConfiguration { FilePrefix = prefix }, Include = { Tcp(cidr, 0, "0.0.0.0/0", 0) } };
        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => RecordAsync(start));
        Assert.Equal(RpcStatusCode.InvalidArgument, refused.Code);
        Assert.StartsWith(field, refused.Detail);
    }

    [Fact]
    public async Task Record_TimeLimit_Ends()
    {
        var start = new StartRecording { Include = { Tcp("0.0.0.0/0", 0, "0.0.0.0/0", 0) }, StopCondition = new StopCondition { TimeElapsed = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(50)) } };
        RecordingStoppedResponse end = await RecordAsync(start).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(0ul, end.Stats.PacketsCaptured);
        Assert.Empty(Tcpdump(end.Filesink.FilePath));
    }

    private async Task<RecordingStoppedResponse> RecordAsync(StartRecording start)
    {
        await using RpcDuplexCall<RecordRequest, RecordResponse> call = _channel!.Duplex(HubbleMethods.Record, cancellation: TestContext.Current.CancellationToken);
        await call.SendAsync(new RecordRequest { Start = start });
        RecordResponse? last = null;
        await foreach (RecordResponse response in call.ReadAllAsync())
        {
            last = response;
        }

        return last!.Stopped;
    }

    private Task WantedAsync() => UntilAsync(() => _recorder.Wanted);

    private static string[] Tcpdump(string file)
    {
        using var tcpdump = Process.Start(new ProcessStartInfo("tcpdump", ["--nano", "-tt", "-n", "-r", file]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = tcpdump.StandardError.ReadToEndAsync();
        string output = tcpdump.StandardOutput.ReadToEnd();
        tcpdump.WaitForExit();
        Assert.True(tcpdump.ExitCode == 0, errors.Result);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static Filter Tcp(string source, uint sourcePort, string destination, uint destinationPort) =>
        new() { SourceCidr = source, SourcePort = sourcePort, DestinationCidr = destination, DestinationPort = destinationPort, Protocol = Waggle.Hubble.Protocol.Recorders.Protocol.Tcp };

    private static byte[] Packet(string source, string destination, ushort sourcePort, ushort destinationPort, byte protocol)
    {
        byte[] packet = new byte[54];
        packet[12] = 0x08;
        packet[14] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(16), 40);
        packet[22] = 64;
        packet[23] = protocol;
        IPAddress.Parse(source).TryWriteBytes(packet.AsSpan(26), out _);
        IPAddress.Parse(destination).TryWriteBytes(packet.AsSpan(30), out _);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(34), sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(36), destinationPort);
        packet[46] = 0x50;
        packet[47] = 2;
        return packet;
    }
}
