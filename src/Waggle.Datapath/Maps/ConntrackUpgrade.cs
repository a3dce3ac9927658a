using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Waggle.Datapath.Abi;

namespace Waggle.Datapath.Maps;

/// <summary>Open connections live through an upgrade that changes the layout of their rows.</summary>
internal static class ConntrackUpgrade
{
    private const int FirstSize = 80;

    /// <summary>Version 1 had the same numbers in another order, and no paths.</summary>
    internal static bool FromFirst(ReadOnlySpan<byte> oldKey, ReadOnlySpan<byte> old, Span<byte> key, Span<byte> value)
    {
        if (old.Length != FirstSize || oldKey.Length != key.Length)
        {
            return false;
        }

        oldKey.CopyTo(key);
        ref var row = ref MemoryMarshal.AsRef<ConntrackEntry>(value);
        row.Expires = U32(old, 0);
        row.Flags = BinaryPrimitives.ReadUInt16LittleEndian(old[4..]);
        row.FlagsInitiator = old[6];
        row.FlagsResponder = old[7];
        row.InitiatorIdentity = U32(old, 8);
        row.ResponderIdentity = U32(old, 12);
        row.Revision = U32(old, 16);
        row.EgressRule = U32(old, 20);
        row.IngressRule = U32(old, 24);
        row.DrainUntil = U32(old, 28);
        row.TracedInitiator = U32(old, 32);
        row.TracedResponder = U32(old, 36);
        row.Created = U32(old, 44);
        row.Initiator.Packets = U64(old, 48);
        row.Initiator.Bytes = U64(old, 56);
        row.Responder.Packets = U64(old, 64);
        row.Responder.Bytes = U64(old, 72);
        return true;
    }

    private static uint U32(ReadOnlySpan<byte> row, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(row[offset..]);

    private static ulong U64(ReadOnlySpan<byte> row, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(row[offset..]);
}
