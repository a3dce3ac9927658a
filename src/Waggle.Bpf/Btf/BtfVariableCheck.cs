using System.Runtime.CompilerServices;

namespace Waggle.Bpf.Btf;

/// <summary>Holds a C# type against the BTF of the variable it is written to.</summary>
internal static class BtfVariableCheck
{
    internal static void Require<T>(BtfSpec btf, BtfType variable)
        where T : unmanaged
    {
        var size = btf.SizeOf(variable.TypeId);
        var type = btf.Resolve(variable.TypeId);
        var given = typeof(T).IsEnum ? Enum.GetUnderlyingType(typeof(T)) : typeof(T);
        if (size != Unsafe.SizeOf<T>())
        {
            throw Mismatch($"{typeof(T).Name} has {Unsafe.SizeOf<T>()} bytes, {btf.Describe(variable.TypeId)} has {size}");
        }

        if (type.Kind == BtfKind.Int)
        {
            var isBool = type.Encoding.HasFlag(BtfIntEncoding.Bool);
            if (isBool != (given == typeof(bool)))
            {
                throw Mismatch($"{typeof(T).Name} given for {type.Name}");
            }

            if (!isBool && Signedness(given) is { } signed && signed != type.Encoding.HasFlag(BtfIntEncoding.Signed))
            {
                throw Mismatch($"signedness of {typeof(T).Name} and {type.Name} differs");
            }
        }
        else if (type.Kind == BtfKind.Pointer)
        {
            throw Mismatch("a pointer cannot be set from user space");
        }

        BpfLayoutException Mismatch(string difference) => new($"variable {variable.Name}", difference);
    }

    private static bool? Signedness(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.SByte or TypeCode.Int16 or TypeCode.Int32 or TypeCode.Int64 => true,
        TypeCode.Byte or TypeCode.UInt16 or TypeCode.UInt32 or TypeCode.UInt64 => false,
        _ => null, // structs: the size is checked here, their fields by the ABI check
    };
}
