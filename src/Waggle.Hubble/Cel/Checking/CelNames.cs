using Google.Protobuf.Reflection;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Cel;

/// <summary>Names that are no variables: values of enums (looked up in the package "flow" first) and types.</summary>
internal static class CelNames
{
    /// <summary>The package whose names need no prefix.</summary>
    public const string Container = "flow";

    private static readonly HashSet<string> Types =
        ["bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type", "google.protobuf.Timestamp", "google.protobuf.Duration"];

    private static readonly Dictionary<string, EnumDescriptor> Enums = AllEnums();

    /// <summary>The value of a name with dots, or null.</summary>
    public static CelLiteral? Find(int at, string name)
    {
        var dot = name.LastIndexOf('.');
        if (dot > 0 && Enum(name[..dot])?.FindValueByName(name[(dot + 1)..]) is { } value)
        {
            return new CelLiteral(at, CelType.Int, CelValue.Of(value.Number));
        }

        return Types.Contains(name) || (Flow.Descriptor.File.MessageTypes.Any(m => m.FullName == name || m.FullName == $"{Container}.{name}"))
            ? new CelLiteral(at, CelType.Type, CelValue.OfType(Types.Contains(name) || name.StartsWith(Container + ".", StringComparison.Ordinal) ? name : $"{Container}.{name}"))
            : null;
    }

    /// <summary>The enum of that name, with or without the package.</summary>
    public static EnumDescriptor? Enum(string name) => Enums.GetValueOrDefault($"{Container}.{name}") ?? Enums.GetValueOrDefault(name);

    /// <summary>Names of all enums, without the package.</summary>
    public static IEnumerable<string> EnumNames => Enums.Keys.Select(k => k[(Container.Length + 1)..]);

    private static Dictionary<string, EnumDescriptor> AllEnums()
    {
        var file = Flow.Descriptor.File;
        var all = new List<EnumDescriptor>(file.EnumTypes);
        var messages = new Queue<MessageDescriptor>(file.MessageTypes);
        while (messages.TryDequeue(out var message))
        {
            all.AddRange(message.EnumTypes);
            foreach (var nested in message.NestedTypes)
            {
                messages.Enqueue(nested);
            }
        }

        return all.ToDictionary(e => e.FullName);
    }
}
