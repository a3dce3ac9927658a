using System.Text.RegularExpressions;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Waggle.Cel;
using Waggle.Hosting.Config;
using Waggle.Hubble.Filters;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Cel;

/// <summary>What expressions about flows may speak of: the flow, values of enums (looked up in the package "flow" first) and types.</summary>
/// <param name="shortcuts">Read known fields from the record; else always from the message.</param>
internal sealed class FlowEnvironment(bool shortcuts) : CelEnvironment<FlowInput>
{
    /// <summary>The package whose names need no prefix.</summary>
    private const string Container = "flow";

    private static readonly Dictionary<string, EnumDescriptor> Enums = AllEnums();

    private readonly (CelType, CelNode<FlowInput>) _flow = (MessageType.Of(Flow.Descriptor), new FlowPathNode(shortcuts));

    public override CelLimits Limits { get; } = new() { Length = 4096, Depth = 100, Variables = 4, Cost = 100_000 };

    public override string Subject => "the flow";

    public override string SubjectName => "_flow";

    public override IEnumerable<string> Names =>
        [SubjectName, .. Enums.Keys.Select(k => k[(Container.Length + 1)..]), .. Flow.Descriptor.Fields.InDeclarationOrder().Select(f => $"{SubjectName}.{f.Name}")];

    public override (CelType Type, CelNode<FlowInput> Node)? Variable(string name) => name == SubjectName ? _flow : null;

    public override (CelType Type, CelValue Value)? Constant(string name)
    {
        var dot = name.LastIndexOf('.');
        if (dot > 0 && Enum(name[..dot])?.FindValueByName(name[(dot + 1)..]) is { } value)
        {
            return (CelType.Int, CelValue.Of(value.Number));
        }

        var message = Flow.Descriptor.File.MessageTypes.FirstOrDefault(m => m.FullName == name || m.FullName == $"{Container}.{name}");
        return message is not null ? (CelType.Type, CelValue.OfType(message.FullName)) : base.Constant(name);
    }

    /// <summary>"Tunnel.Protocol.VXLAN.x" is nonsense; "Verdict.FORWARD" has a near value.</summary>
    public override string? WhyNoConstant(string name)
    {
        var dot = name.LastIndexOf('.');
        if (dot <= 0 || Enum(name[..dot]) is not { } known)
        {
            return null;
        }

        var near = Nearest(name[(dot + 1)..], known.Values.Select(v => v.Name));
        return $"enum {known.FullName} has no value \"{name[(dot + 1)..]}\"{(near is null ? "" : $"; did you mean \"{near}\"?")}";
    }

    public override CelObjectType? TypeOf(object value) => new MessageType(((IMessage)value).Descriptor);

    public override Regex Pattern(string pattern) => SafeRegex.Compile(pattern);

    public override string? Nearest(string typed, IEnumerable<string> known) => NearestName.Find(typed, known);

    public override string Hint(CelType left, CelType right) => (left.Kind, right.Kind) is (CelKind.Int, CelKind.String) or (CelKind.String, CelKind.Int)
        ? "; values of enums are ints with names such as Verdict.DROPPED"
        : "";

    /// <summary>The enum of that name, with or without the package.</summary>
    private static EnumDescriptor? Enum(string name) => Enums.GetValueOrDefault($"{Container}.{name}") ?? Enums.GetValueOrDefault(name);

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
