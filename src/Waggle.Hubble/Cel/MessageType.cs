using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Waggle.Cel;

namespace Waggle.Hubble.Cel;

/// <summary>Messages of protobuf as objects of the language. An Any has no fields: what is in it nobody knows here.</summary>
internal sealed record MessageType(MessageDescriptor Descriptor) : CelObjectType
{
    public override string Name => Descriptor.FullName;

    public override IEnumerable<string> Fields => Descriptor.Fields.InDeclarationOrder().Select(f => f.Name);

    /// <summary>Messages that the language knows have types of their own.</summary>
    public static CelType Of(MessageDescriptor message) => message.FullName switch
    {
        "google.protobuf.Timestamp" => CelType.Timestamp,
        "google.protobuf.Duration" => CelType.Duration,
        _ when IsWrapper(message) => new MessageField(message.FindFieldByNumber(1)).Type with { Nullable = true },
        _ => CelType.Of(new MessageType(message)),
    };

    public static bool IsWrapper(MessageDescriptor message) => message.File.Name == "google/protobuf/wrappers.proto";

    public override CelField? Find(string name) => Name != "google.protobuf.Any" && Descriptor.FindFieldByName(name) is { } field ? new MessageField(field) : null;
}

/// <summary>A field of a message.</summary>
internal sealed class MessageField(FieldDescriptor descriptor) : CelField
{
    public bool IsMessage => descriptor.FieldType == FieldType.Message;

    public override CelType Type
    {
        get
        {
            var one = descriptor.FieldType switch
            {
                FieldType.Bool => CelType.Bool,
                FieldType.Float or FieldType.Double => CelType.Double,
                FieldType.UInt32 or FieldType.UInt64 or FieldType.Fixed32 or FieldType.Fixed64 => CelType.Uint,
                FieldType.String => CelType.String,
                FieldType.Bytes => CelType.Bytes,
                FieldType.Message or FieldType.Group => MessageType.Of(descriptor.MessageType),
                _ => CelType.Int, // also enums
            };
            return descriptor.IsRepeated ? CelType.ListOf(one) : one;
        }
    }

    /// <summary>The field; of what is not set its default, as protobuf has it.</summary>
    public override CelValue Get(object target)
    {
        var value = descriptor.Accessor.GetValue((IMessage)target);
        return value is null && IsMessage && !MessageType.IsWrapper(descriptor.MessageType)
            ? Value(descriptor.MessageType.Parser.ParseFrom(ReadOnlySpan<byte>.Empty))
            : Value(value);
    }

    /// <summary>Whether it is set: not its default, or not empty.</summary>
    public override bool Has(object target) => descriptor.HasPresence ? descriptor.Accessor.HasValue((IMessage)target) : Value(descriptor.Accessor.GetValue((IMessage)target)) switch
    {
        { Kind: CelKind.List } list => CelLists.Count(list) > 0,
        { Kind: CelKind.String, String: var text } => text.Length > 0,
        { Kind: CelKind.Bytes, Bytes: var bytes } => bytes.Length > 0,
        var number => number.Int != 0,
    };

    private static CelValue Value(object? value) => value switch
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
        Timestamp time => CelValue.OfTimestamp(time.Seconds, time.Nanos),
        Duration span => CelValue.OfDuration(((Int128)span.Seconds * 1_000_000_000) + span.Nanos),
        IMessage message => CelValue.OfObject(message),
        IReadOnlyList<string> or IReadOnlyList<IMessage> => CelValue.OfList(value),
        System.Collections.IList list => CelValue.OfList(list.Cast<object>().Select(Value).ToArray()),
        _ => CelValue.NoOverload,
    };
}
