using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Waggle.Hubble.Cel;

/// <summary>Fields of protobuf messages as values.</summary>
internal static class CelFields
{
    public static CelType TypeOf(FieldDescriptor field)
    {
        var one = field.FieldType switch
        {
            FieldType.Bool => CelType.Bool,
            FieldType.Float or FieldType.Double => CelType.Double,
            FieldType.UInt32 or FieldType.UInt64 or FieldType.Fixed32 or FieldType.Fixed64 => CelType.Uint,
            FieldType.String => CelType.String,
            FieldType.Bytes => CelType.Bytes,
            FieldType.Message or FieldType.Group => CelType.Message(field.MessageType),
            _ => CelType.Int, // also enums
        };
        return field.IsRepeated ? CelType.ListOf(one) : one;
    }

    /// <summary>The field; of what is not set its default, as protobuf has it.</summary>
    public static CelValue Get(IMessage message, FieldDescriptor field)
    {
        var value = field.Accessor.GetValue(message);
        return value is null && field.FieldType == FieldType.Message && !CelType.IsWrapper(field.MessageType)
            ? CelValue.Of(field.MessageType.Parser.ParseFrom(ReadOnlySpan<byte>.Empty))
            : Value(value);
    }

    /// <summary>Whether it is set: not its default, or not empty.</summary>
    public static bool Has(IMessage message, FieldDescriptor field)
    {
        if (field.HasPresence)
        {
            return field.Accessor.HasValue(message);
        }

        return field.Accessor.GetValue(message) switch
        {
            System.Collections.IList list => list.Count > 0,
            var value => Value(value) switch
            {
                { Kind: CelKind.String, String: var text } => text.Length > 0,
                { Kind: CelKind.Bytes, Bytes: var bytes } => bytes.Length > 0,
                var number => number.Int != 0,
            },
        };
    }

    /// <summary>Any value of a field or of an element of a list.</summary>
    public static CelValue Value(object? value) => value switch
    {
        null => CelValue.Null,
        bool b => CelValue.Of(b),
        string s => CelValue.Of(s),
        int i => CelValue.Of(i),
        long l => CelValue.Of(l),
        uint u => CelValue.OfUint(u),
        ulong u => CelValue.OfUint(u),
        float f => CelValue.Of((double)f),
        double d => CelValue.Of(d),
        System.Enum e => CelValue.Of((int)(object)e),
        ByteString bytes => CelValue.Of(bytes.ToByteArray()),
        IMessage message => CelValue.Of(message),
        System.Collections.IList list => CelValue.OfList(list),
        _ => CelValue.NoOverload,
    };
}
