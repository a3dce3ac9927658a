using System.Buffers.Binary;

namespace Waggle.Hubble.Flows;

/// <summary>
/// A flow's uuid without random numbers: 64 bits of the ring's seed and the flow's number, shaped as RFC 9562 version 8. The same flow
/// has the same uuid for every reader.
/// </summary>
public static class FlowUuid
{
    /// <summary>The uuid; all zero when the record has none.</summary>
    public static Guid Of(in FlowRecord flow)
    {
        if (flow.UuidSeed == 0)
        {
            return Guid.Empty;
        }

        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, flow.UuidSeed);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], flow.Sequence);
        bytes[6] = (byte)((bytes[6] & 0x0f) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>Whether the record has this uuid, without allocation.</summary>
    public static bool Matches(in FlowRecord flow, string uuid)
    {
        if (flow.ForeignUuid is { } foreign)
        {
            return foreign == uuid;
        }

        Span<char> text = stackalloc char[36];
        return flow.UuidSeed != 0 && Of(flow).TryFormat(text, out var length) && uuid.AsSpan().SequenceEqual(text[..length]);
    }

    /// <summary>Text of the uuid, or empty.</summary>
    public static string Text(in FlowRecord flow) => flow.ForeignUuid ?? (flow.UuidSeed == 0 ? "" : Of(flow).ToString());
}
