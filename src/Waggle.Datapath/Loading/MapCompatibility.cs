using Waggle.Bpf;
using Waggle.Bpf.Btf;

namespace Waggle.Datapath.Loading;

/// <summary>Whether a pinned map can serve where an object declares one.</summary>
internal static class MapCompatibility
{
    /// <summary>Why the rows of the pinned map mean something else than those of the declared one; null when they are the same.</summary>
    internal static string? LayoutDifference(BpfMap pinned, BpfMapDeclaration declared, BtfSpec btf)
    {
        var info = pinned.Info;
        if (info.Type != declared.Type)
        {
            return $"it is a {info.Type}, now {declared.Type}";
        }

        if (info.KeySize != declared.KeySize)
        {
            return $"its key has {info.KeySize} bytes, now {declared.KeySize}";
        }

        if (info.ValueSize != declared.ValueSize)
        {
            return $"its value has {info.ValueSize} bytes, now {declared.ValueSize}";
        }

        if (pinned.ReadBtf() is not { } pinnedTypes)
        {
            return null; // types without BTF (and kernels that keep none): the sizes are all there is
        }

        return Difference(pinnedTypes, info.KeyTypeId, btf, declared.KeyTypeId)
            ?? Difference(pinnedTypes, info.ValueTypeId, btf, declared.ValueTypeId);
    }

    /// <summary>Why a map with the same rows still cannot be used; null when it can.</summary>
    internal static string? CapacityDifference(BpfMap pinned, BpfMapDeclaration declared)
    {
        if (pinned.Info.MaxEntries != declared.MaxEntries)
        {
            return $"it has room for {pinned.Info.MaxEntries} entries, now {declared.MaxEntries}";
        }

        return pinned.Info.Flags == declared.Flags ? null : $"its flags are 0x{pinned.Info.Flags:x}, now 0x{declared.Flags:x}";
    }

    private static string? Difference(BtfSpec oldTypes, int oldId, BtfSpec newTypes, int newId)
    {
        if (oldId == 0 || newId == 0)
        {
            return null;
        }

        var before = oldTypes.Resolve(oldId);
        var after = newTypes.Resolve(newId);
        if (before.Name != after.Name || before.Kind != after.Kind)
        {
            return $"{oldTypes.Describe(before.Id)} is now {newTypes.Describe(after.Id)}";
        }

        return after.Kind is BtfKind.Struct or BtfKind.Union
            ? BtfLayout.Of(newTypes, after).Difference(BtfLayout.Of(oldTypes, before))
            : null;
    }
}
