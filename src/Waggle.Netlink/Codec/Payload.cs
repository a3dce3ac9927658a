using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Waggle.Netlink;

/// <summary>The fixed structure in front of a message's attributes.</summary>
internal static class Payload
{
    /// <summary>Reads the structure; <paramref name="attributes"/> starts behind it.</summary>
    internal static T Read<T>(ReadOnlySpan<byte> payload, out AttributeReader attributes)
        where T : unmanaged
    {
        int size = Unsafe.SizeOf<T>();
        if (payload.Length < size)
            ThrowHelper.BadLength(typeof(T).Name, size, payload.Length);
        attributes = new AttributeReader(payload[Math.Min((size + 3) & ~3, payload.Length)..]);
        return MemoryMarshal.Read<T>(payload);
    }
}
