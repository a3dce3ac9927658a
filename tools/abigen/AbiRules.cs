using Waggle.Bpf.Btf;

namespace Waggle.Tools.AbiGen;

/// <summary>
/// What a struct must be to be shared: every byte named and every width fixed, so that C, C# and hash keys compared as bytes
/// agree on any compiler. Each problem names the struct and the field.
/// </summary>
internal static class AbiRules
{
    internal static IEnumerable<string> Check(BtfSpec btf)
    {
        foreach (var type in btf.Types)
        {
            if (type.Kind is BtfKind.Struct or BtfKind.Union)
            {
                foreach (var problem in Check(btf, type))
                {
                    yield return problem;
                }
            }
            else if (type.Kind is BtfKind.Enum or BtfKind.Enum64)
            {
                // clang before 15 does not say whether an enum is signed: only values that mean the same either way.
                foreach (var value in type.Values.Where(v => v.Value is < 0 or > int.MaxValue))
                {
                    yield return $"{btf.Describe(type.Id)}, value {value.Name}: not in 0 … 0x7fffffff";
                }
            }
        }
    }

    private static IEnumerable<string> Check(BtfSpec btf, BtfType type)
    {
        var what = btf.Describe(type.Id);
        if (type.Name.Length == 0)
        {
            yield return $"{what} with fields {string.Join(", ", type.Members.Select(m => m.Name))}: give it a name";
            yield break;
        }

        var end = 0;
        foreach (var member in type.Members)
        {
            if (member.BitSize != 0 || member.BitOffset % 8 != 0)
            {
                yield return $"{what}, field {member.Name}: bit fields have no portable layout";
                yield break;
            }

            if (UnfixedType(btf, member.TypeId) is { } reason)
            {
                yield return $"{what}, field {member.Name}: {reason}";
            }

            var offset = member.BitOffset / 8;
            if (type.Kind == BtfKind.Struct && offset != end)
            {
                yield return $"{what}, field {member.Name}: {offset - end} bytes of implicit padding before it, at offset {end}: name them";
            }

            var size = btf.SizeOf(member.TypeId);
            end = type.Kind == BtfKind.Struct ? offset + size : Math.Max(end, size);
        }

        if (end < type.Size)
        {
            var last = type.Members.IsEmpty ? "(none)" : type.Members[^1].Name;
            yield return $"{what}, field {last}: {type.Size - end} bytes of implicit padding after it, at offset {end}: name them";
        }
    }

    private static string? UnfixedType(BtfSpec btf, int id)
    {
        for (var current = btf[id]; ; current = btf[current.TypeId])
        {
            switch (current.Kind)
            {
                case BtfKind.Typedef when Scalars.ByTypedef.ContainsKey(current.Name):
                case BtfKind.Struct or BtfKind.Union:
                    return null;
                case BtfKind.Typedef or BtfKind.Const or BtfKind.Volatile or BtfKind.TypeTag:
                    continue;
                case BtfKind.Array when current.Count == 0:
                    return "a flexible array has no size";
                case BtfKind.Array when btf[current.TypeId].Kind == BtfKind.Array:
                    return "arrays of arrays are not supported";
                case BtfKind.Array:
                    continue;
                default:
                    return $"{btf.Describe(current.Id)} has no fixed width: use __u8 … __u64, __s8 … __s64 or __be16 … __be64";
            }
        }
    }
}
