using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Events;
using Waggle.Datapath.Tests.Loading;

namespace Waggle.Datapath.Tests.Events;

public sealed class EventReaderTests : IDisposable
{
    private readonly LoaderFixture fixture = new();

    [Fact]
    public void Consume_DropsOfAProgram_ArriveDecodedAndLossesAreCounted()
    {
        using var loaded = fixture.Load(["counting"]);
        var handler = new Recorder();
        using var reader = new EventReader(loaded.Maps, handler);
        var packet = Enumerable.Range(0, 64).Select(i => (byte)i).ToArray();
        var written = 0;
        while (loaded["mcast_control"].TestRun(packet).ReturnValue == 2)
        {
            written++;
        }

        Assert.Equal(written, reader.Consume());

        Assert.True(written > 5);
        Assert.Equal((DropReason.Unroutable, SourceFile.Pod, 123u, 77u), handler.Drop);
        Assert.Equal(packet[..14], handler.Packet);
        var statistics = reader.GetStatistics();
        Assert.Equal((written, 0, 0), (statistics.Handled, statistics.Malformed, statistics.Unknown));
        Assert.Equal(((ulong)written, 1ul), (statistics.Sent, statistics.Lost));
    }

    [Fact]
    public void Decode_EveryTruncation_IsMalformedOrShortNeverACrash()
    {
        foreach (var type in new[] { EventType.Drop, EventType.Trace, EventType.Verdict, EventType.Membership, EventType.Debug })
        {
            for (var length = 0; length <= Unsafe.SizeOf<VerdictEvent>(); length++)
            {
                var record = new byte[length];
                var header = new EventHeader { Type = (byte)type, Version = AbiConstants.EventVersion, Length = (ushort)length };
                MemoryMarshal.AsBytes(new ReadOnlySpan<EventHeader>(in header))[..Math.Min(length, Unsafe.SizeOf<EventHeader>())].CopyTo(record);
                var captured = type == EventType.Verdict ? 60 : 44; // packet.captured
                if (length > captured + 4)
                {
                    record.AsSpan(captured, 4).Fill(0xff); // captured: far more than there is
                }

                var expected = type switch
                {
                    EventType.Membership => Unsafe.SizeOf<MembershipEvent>(),
                    EventType.Debug => Unsafe.SizeOf<DebugEvent>(),
                    EventType.Drop => Unsafe.SizeOf<DropEvent>() - AbiConstants.EventCaptureMax - 8, // rule and padding follow the capture
                    EventType.Verdict => Unsafe.SizeOf<VerdictEvent>() - AbiConstants.EventCaptureMax,
                    _ => Unsafe.SizeOf<TraceEvent>() - AbiConstants.EventCaptureMax,
                };
                var handler = new Recorder();
                Assert.Equal(length >= expected ? DecodeResult.Handled : DecodeResult.Malformed, EventDecoder.Decode(record, handler));
                Assert.True(handler.Packet.Length <= length);
            }
        }
    }

    [Fact]
    public void Decode_OtherVersionTypeOrLength_IsNotHandedOn()
    {
        var record = new byte[Unsafe.SizeOf<DropEvent>()];
        ref var header = ref MemoryMarshal.AsRef<EventHeader>(record.AsSpan());
        header = new EventHeader { Type = (byte)EventType.Drop, Version = AbiConstants.EventVersion + 1 };
        Assert.Equal(DecodeResult.Unknown, EventDecoder.Decode(record, new Recorder()));
        header = new EventHeader { Type = 99, Version = AbiConstants.EventVersion };
        Assert.Equal(DecodeResult.Unknown, EventDecoder.Decode(record, new Recorder()));
        header = new EventHeader { Type = (byte)EventType.Drop, Version = AbiConstants.EventVersion, Length = ushort.MaxValue };
        Assert.Equal(DecodeResult.Malformed, EventDecoder.Decode(record, new Recorder()));
    }

    [Fact]
    public void Decode_AllocatesNothing()
    {
        var record = new byte[Unsafe.SizeOf<DropEvent>()];
        MemoryMarshal.AsRef<EventHeader>(record.AsSpan()) = new EventHeader { Type = (byte)EventType.Drop, Version = AbiConstants.EventVersion };
        var handler = new Silent();
        EventDecoder.Decode(record, handler);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            EventDecoder.Decode(record, handler);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    public void Dispose() => fixture.Dispose();

    private sealed class Recorder : IDatapathEventHandler
    {
        internal (DropReason, SourceFile, uint, uint) Drop { get; private set; }

        internal byte[] Packet { get; private set; } = [];

        public void OnDrop(in DropEvent drop, ReadOnlySpan<byte> packet)
        {
            Drop = ((DropReason)drop.Reason, (SourceFile)drop.File, drop.Line, drop.Header.EndpointId);
            Packet = packet.ToArray();
        }

        public void OnTrace(in TraceEvent trace, ReadOnlySpan<byte> packet) => Packet = packet.ToArray();

        public void OnVerdict(in VerdictEvent verdict, ReadOnlySpan<byte> packet) => Packet = packet.ToArray();

        public void OnMembership(in MembershipEvent membership) => Packet = [];
    }

    private sealed class Silent : IDatapathEventHandler
    {
        public void OnDrop(in DropEvent drop, ReadOnlySpan<byte> packet)
        {
        }

        public void OnTrace(in TraceEvent trace, ReadOnlySpan<byte> packet)
        {
        }

        public void OnVerdict(in VerdictEvent verdict, ReadOnlySpan<byte> packet)
        {
        }

        public void OnMembership(in MembershipEvent membership)
        {
        }
    }
}
