using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Waggle.Datapath.Abi;

namespace Waggle.Bench.Hubble;

/// <summary>Records as the datapath writes them: traces of TCP between two hundred pods, one in a hundred from the rare port.</summary>
internal static class SampleEvents
{
    /// <summary>Source port of one record in a hundred.</summary>
    public const string RarePort = "7";

    public static byte[][] Make(int count)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, count).Select(i => Trace(random, i % 100 == 0 ? (ushort)7 : (ushort)random.Next(32768, 61000)))];
    }

    private static byte[] Trace(Random random, ushort sourcePort)
    {
        int from = random.Next(200), to = random.Next(200);
        var record = new byte[Marshal.SizeOf<TraceEvent>()];
        var packet = record.AsSpan(record.Length - AbiConstants.EventCaptureMax);
        ref var trace = ref MemoryMarshal.AsRef<TraceEvent>(record.AsSpan());
        trace.Header.Type = (byte)EventType.Trace;
        trace.Header.Version = AbiConstants.EventVersion;
        trace.Header.Length = (ushort)record.Length;
        trace.Header.Timestamp = (ulong)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));
        trace.Header.Ifindex = 7;
        trace.Header.EndpointId = (uint)from + 1;
        trace.Header.SourceIdentity = 1000;
        trace.Header.DestinationIdentity = 1000;
        trace.Reason = (byte)TraceReason.Established;
        trace.Packet.PacketLength = 1500;
        trace.Packet.Captured = AbiConstants.EventCaptureMax;
        BinaryPrimitives.WriteUInt16BigEndian(packet[12..], 0x0800);
        packet[14] = 0x45;
        packet[23] = 6;
        BinaryPrimitives.WriteUInt32BigEndian(packet[26..], 0x0a000100u + (uint)from);
        BinaryPrimitives.WriteUInt32BigEndian(packet[30..], 0x0a000100u + (uint)to);
        BinaryPrimitives.WriteUInt16BigEndian(packet[34..], sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(packet[36..], 8080);
        packet[46] = 0x50;
        packet[47] = 0x10;
        return record;
    }
}
