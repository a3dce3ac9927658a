using System.Buffers.Binary;
using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>The end of a request: an error number (0 is success) and what the kernel adds to it.</summary>
internal readonly record struct Acknowledgement(Errno Errno, string? Text, int? Offset)
{
    private const ushort MessageText = 1; // NLMSGERR_ATTR_MSG
    private const ushort MessageOffset = 2; // NLMSGERR_ATTR_OFFS
    private const ushort MissingType = 5; // NLMSGERR_ATTR_MISS_TYPE

    /// <summary>Reads NLMSG_ERROR: the number, the request's header, the rest of the request unless capped, attributes.</summary>
    internal static Acknowledgement OfError(MessageFlags flags, ReadOnlySpan<byte> payload)
    {
        int start = sizeof(int) + MessageHeader.Size;
        if (payload.Length < start)
            ThrowHelper.BadLength("Acknowledgement", start, payload.Length);
        if ((flags & MessageFlags.Capped) == 0)
        {
            uint request = BinaryPrimitives.ReadUInt32LittleEndian(payload[sizeof(int)..]);
            long end = sizeof(int) + (((long)request + 3) & ~3L);
            start = (int)Math.Clamp(end, start, payload.Length);
        }

        return Read(flags, payload, start);
    }

    /// <summary>Reads NLMSG_DONE: the number, then attributes.</summary>
    internal static Acknowledgement OfDone(MessageFlags flags, ReadOnlySpan<byte> payload) =>
        payload.Length < sizeof(int) ? default : Read(flags, payload, sizeof(int));

    private static Acknowledgement Read(MessageFlags flags, ReadOnlySpan<byte> payload, int attributesAt)
    {
        int error = BinaryPrimitives.ReadInt32LittleEndian(payload);
        string? text = null;
        int? offset = null;
        if ((flags & MessageFlags.AckAttributes) != 0)
        {
            var attributes = new AttributeReader(payload[attributesAt..]);
            while (attributes.MoveNext())
            {
                switch (attributes.Type)
                {
                    case MessageText: text = attributes.String(); break;
                    case MessageOffset: offset = (int)attributes.U32(); break;
                    case MissingType: text ??= $"attribute {attributes.U32()} is missing"; break;
                }
            }
        }

        return new Acknowledgement((Errno)Math.Abs((long)error), text, offset);
    }
}
