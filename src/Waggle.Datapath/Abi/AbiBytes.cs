using System.Runtime.InteropServices;

namespace Waggle.Datapath.Abi;

/// <summary>Equality of ABI structs as the kernel sees it: their bytes (abigen refuses structs with hidden padding).</summary>
internal static class AbiBytes
{
    internal static ReadOnlySpan<byte> Of<T>(in T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value));

    internal static bool Equal<T>(in T left, in T right)
        where T : unmanaged => Of(in left).SequenceEqual(Of(in right));

    internal static int Hash<T>(in T value)
        where T : unmanaged
    {
        var hash = default(HashCode);
        hash.AddBytes(Of(in value));
        return hash.ToHashCode();
    }
}
