using System.Globalization;
using Waggle.Datapath.Abi;

namespace Waggle.Datapath.Maps;

/// <summary>Turns a row of a map's version before into one of the present version; false leaves the row out. The new bytes are zero at first.</summary>
public delegate bool MapRowConversion(ReadOnlySpan<byte> oldKey, ReadOnlySpan<byte> oldValue, Span<byte> key, Span<byte> value);

/// <summary>A map that user space knows: shared by all objects and pinned under its name and version.</summary>
/// <param name="Name">Name in C, and of the pin of version 1.</param>
/// <param name="Key">C struct of the key; "u32" for a plain number; empty where there is none.</param>
/// <param name="Value">C struct of the value; empty where there is none.</param>
/// <param name="Version">
/// Raised whenever the layout of key or value changes: programs of both versions may run beside each other during an upgrade, and
/// neither may read the other's rows. The golden file of the ABI holds it.
/// </param>
/// <param name="FromBefore">Converts rows of the version before; null: they are dropped, and their owner writes them again.</param>
public sealed record MapDefinition(string Name, string Key, string Value, int Version = 1, MapRowConversion? FromBefore = null)
{
    // A bpffs reserves names with dots.
    private const string VersionMark = "-v";

    /// <summary>File name of the pin.</summary>
    public string PinName => Version == 1 ? Name : string.Create(CultureInfo.InvariantCulture, $"{Name}{VersionMark}{Version}");

    /// <summary>Struct keys and values.</summary>
    internal static MapDefinition Of<TKey, TValue>(string name, int version = 1)
        where TKey : unmanaged, IAbiType
        where TValue : unmanaged, IAbiType => new(name, TKey.StructName, TValue.StructName, version);

    /// <summary>Keys are numbers.</summary>
    internal static MapDefinition Indexed<TValue>(string name, int version = 1)
        where TValue : unmanaged, IAbiType => new(name, "u32", TValue.StructName, version);

    /// <summary>The version of this map that is pinned under a file name; null when that is another map.</summary>
    internal int? VersionOf(string pinName)
    {
        if (!pinName.StartsWith(Name, StringComparison.Ordinal))
        {
            return null;
        }

        var rest = pinName.AsSpan(Name.Length);
        return rest.IsEmpty ? 1
            : rest.StartsWith(VersionMark, StringComparison.Ordinal) && int.TryParse(rest[VersionMark.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version
            : null;
    }
}
