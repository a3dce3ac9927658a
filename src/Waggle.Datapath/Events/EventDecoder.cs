using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Waggle.Datapath.Abi;

namespace Waggle.Datapath.Events;

/// <summary>What became of a record.</summary>
public enum DecodeResult
{
    /// <summary>Handed to the handler.</summary>
    Handled,

    /// <summary>Shorter than its header says, or than its type needs.</summary>
    Malformed,

    /// <summary>A type or version this program does not know.</summary>
    Unknown,
}

/// <summary>
/// Decodes records of the ring buffer <c>events</c> (<c>bpf/abi/event.h</c>) in place, without allocating. Packets may be captured
/// short: a record then ends inside <c>packet.data</c>.
/// </summary>
public static class EventDecoder
{
    /// <summary>Bytes of drop_event behind the capture: rule and padding.</summary>
    private const int DropTail = 8;

    /// <summary>Decodes one record and calls the handler.</summary>
    public static DecodeResult Decode(ReadOnlySpan<byte> record, IDatapathEventHandler handler)
    {
        if (record.Length < Unsafe.SizeOf<EventHeader>())
        {
            return DecodeResult.Malformed;
        }

        ref readonly var header = ref MemoryMarshal.AsRef<EventHeader>(record);
        if (header.Version != AbiConstants.EventVersion)
        {
            return DecodeResult.Unknown;
        }

        if (header.Length > record.Length)
        {
            return DecodeResult.Malformed;
        }

        switch ((EventType)header.Type)
        {
            case EventType.Drop:
                return Drop(record, handler);
            case EventType.Trace:
                return Trace(record, handler);
            case EventType.Verdict:
                return Verdict(record, handler);
            case EventType.Membership when record.Length < Unsafe.SizeOf<MembershipEvent>():
                return DecodeResult.Malformed;
            case EventType.Membership:
                handler.OnMembership(in MemoryMarshal.AsRef<MembershipEvent>(record));
                return DecodeResult.Handled;
            case EventType.Debug when record.Length < Unsafe.SizeOf<DebugEvent>():
                return DecodeResult.Malformed;
            case EventType.Debug:
                handler.OnDebug(in MemoryMarshal.AsRef<DebugEvent>(record));
                return DecodeResult.Handled;
            default:
                return DecodeResult.Unknown;
        }
    }

    private static DecodeResult Drop(ReadOnlySpan<byte> record, IDatapathEventHandler handler)
    {
        var copy = default(DropEvent);
        ref readonly var drop = ref Whole(record, ref copy, out var data, DropTail);
        if (data < 0)
        {
            return DecodeResult.Malformed;
        }

        handler.OnDrop(in drop, Packet(record, data, drop.Packet.Captured));
        return DecodeResult.Handled;
    }

    private static DecodeResult Trace(ReadOnlySpan<byte> record, IDatapathEventHandler handler)
    {
        var copy = default(TraceEvent);
        ref readonly var trace = ref Whole(record, ref copy, out var data);
        if (data < 0)
        {
            return DecodeResult.Malformed;
        }

        handler.OnTrace(in trace, Packet(record, data, trace.Packet.Captured));
        return DecodeResult.Handled;
    }

    private static DecodeResult Verdict(ReadOnlySpan<byte> record, IDatapathEventHandler handler)
    {
        var copy = default(VerdictEvent);
        ref readonly var verdict = ref Whole(record, ref copy, out var data);
        if (data < 0)
        {
            return DecodeResult.Malformed;
        }

        handler.OnVerdict(in verdict, Packet(record, data, verdict.Packet.Captured));
        return DecodeResult.Handled;
    }

    /// <summary>
    /// The record as T where it is whole, else the copy, filled as far as the record goes. The capture is followed by
    /// <paramref name="tail"/> bytes of fields that came later.
    /// </summary>
    private static ref readonly T Whole<T>(ReadOnlySpan<byte> record, ref T copy, out int dataOffset, int tail = 0)
        where T : unmanaged
    {
        dataOffset = Unsafe.SizeOf<T>() - tail - AbiConstants.EventCaptureMax;
        if (record.Length >= Unsafe.SizeOf<T>())
        {
            return ref Unsafe.As<byte, T>(ref MemoryMarshal.GetReference(record));
        }

        if (record.Length < dataOffset)
        {
            dataOffset = -1;
        }
        else
        {
            record.CopyTo(MemoryMarshal.AsBytes(new Span<T>(ref copy)));
        }

        return ref copy;
    }

    private static ReadOnlySpan<byte> Packet(ReadOnlySpan<byte> record, int offset, uint captured) =>
        record.Slice(offset, (int)Math.Min(captured, (uint)Math.Min(record.Length - offset, AbiConstants.EventCaptureMax)));
}
