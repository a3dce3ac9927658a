using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Relayed;

namespace Waggle.Hubble.Relay;

/// <summary>
/// What the relay must know of a node's message, read from its bytes: the time, the kind, and whether the names in it are the node's.
/// Everything else goes on as it came.
/// </summary>
internal readonly ref struct RelayScan
{
    private const uint FlowTag = (RelayedFlow.FlowFieldNumber << 3) | 2;
    private const uint StatusTag = (RelayedFlow.NodeStatusFieldNumber << 3) | 2;
    private const uint LostTag = (RelayedFlow.LostEventsFieldNumber << 3) | 2;
    private const uint NodeNameTag = (RelayedFlow.NodeNameFieldNumber << 3) | 2;
    private const uint TimeTag = (RelayedFlow.TimeFieldNumber << 3) | 2;
    private const uint InnerNodeNameTag = (Flow.NodeNameFieldNumber << 3) | 2;

    private RelayScan(bool ok, bool isFlow, bool plain, long timeNs) => (Ok, IsFlow, IsPlain, TimeNs) = (ok, isFlow, plain, timeNs);

    /// <summary>Whether it is protobuf at all, as far as was looked.</summary>
    public bool Ok { get; }

    /// <summary>Whether it is a flow.</summary>
    public bool IsFlow { get; }

    /// <summary>Whether it may go on as it is: each field once, and the names are the node's.</summary>
    public bool IsPlain { get; }

    /// <summary>Its time, ns since 1970.</summary>
    public long TimeNs { get; }

    /// <param name="message">A GetFlowsResponse.</param>
    /// <param name="node">The node's name, UTF-8.</param>
    public static RelayScan Of(ReadOnlySpan<byte> message, ReadOnlySpan<byte> node)
    {
        var (at, kinds, names, times, isFlow, own) = (0, 0, 0, 0, false, true);
        long timeNs = 0;
        while (at < message.Length)
        {
            if (!Next(message, ref at, out var tag, out var part))
            {
                return default;
            }

            switch (tag)
            {
                case FlowTag:
                    (kinds, isFlow) = (kinds + 1, true);
                    if (!Owns(part, node, out var inner))
                    {
                        return default;
                    }

                    own &= inner;
                    break;
                case LostTag:
                    kinds++;
                    break;
                case StatusTag:
                    (kinds, own) = (kinds + 1, false); // it names nodes
                    break;
                case NodeNameTag:
                    names++;
                    own &= part.SequenceEqual(node);
                    break;
                case TimeTag:
                    times++;
                    if (!Time(part, out timeNs))
                    {
                        return default;
                    }

                    break;
            }
        }

        return new RelayScan(true, isFlow, own && kinds == 1 && names == 1 && times == 1, timeNs);
    }

    /// <summary>Whether every node name in a flow is the node's; false as the result: not protobuf.</summary>
    private static bool Owns(ReadOnlySpan<byte> flow, ReadOnlySpan<byte> node, out bool own)
    {
        var at = 0;
        own = true;
        while (at < flow.Length)
        {
            if (!Next(flow, ref at, out var tag, out var part))
            {
                return false;
            }

            if (tag == InnerNodeNameTag)
            {
                own &= part.SequenceEqual(node);
            }
        }

        // A flow whose field mask leaves the name out says nothing wrong.
        return true;
    }

    private static bool Time(ReadOnlySpan<byte> time, out long ns)
    {
        ulong seconds = 0, nanos = 0;
        ns = 0;
        for (var at = 0; at < time.Length;)
        {
            if (!Varint(time, ref at, out var tag))
            {
                return false;
            }

            if (tag is 8 or 16 && Varint(time, ref at, out var value))
            {
                _ = tag == 8 ? seconds = value : nanos = value;
            }
            else
            {
                return false;
            }
        }

        ns = Codec.FlowDecoder.Nanoseconds((long)seconds, (int)nanos);
        return true;
    }

    /// <summary>The next field; the content only of what has a length.</summary>
    private static bool Next(ReadOnlySpan<byte> bytes, ref int at, out uint tag, out ReadOnlySpan<byte> part)
    {
        part = default;
        var ok = Varint(bytes, ref at, out var value) && value <= uint.MaxValue;
        tag = (uint)value;
        if (!ok)
        {
            return false;
        }

        switch (tag & 7)
        {
            case 0:
                return Varint(bytes, ref at, out _);
            case 1:
                return Skip(bytes, ref at, 8);
            case 5:
                return Skip(bytes, ref at, 4);
            case 2:
                if (!Varint(bytes, ref at, out var length) || length > (ulong)(bytes.Length - at))
                {
                    return false;
                }

                part = bytes.Slice(at, (int)length);
                at += (int)length;
                return true;
            default:
                return false; // groups are not of this protocol
        }
    }

    private static bool Skip(ReadOnlySpan<byte> bytes, ref int at, int count)
    {
        at += count;
        return at <= bytes.Length;
    }

    private static bool Varint(ReadOnlySpan<byte> bytes, ref int at, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 64 && at < bytes.Length; shift += 7)
        {
            var b = bytes[at++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}
