using System.Collections.Frozen;
using System.Globalization;
using Google.Protobuf.Reflection;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Peers;
using Waggle.Hubble.Protocol.Relays;

namespace Waggle.Hubble.Printing;

/// <summary>The names of an enum's values as the protocol writes them (<c>POLICY_DENIED</c>), without reflection at run time.</summary>
public sealed class ProtoNames
{
    public static readonly ProtoNames Verdict = Of(FlowReflection.Descriptor, "Verdict");
    public static readonly ProtoNames DropReason = Of(FlowReflection.Descriptor, "DropReason");
    public static readonly ProtoNames AuthType = Of(FlowReflection.Descriptor, "AuthType");
    public static readonly ProtoNames FlowType = Of(FlowReflection.Descriptor, "FlowType");
    public static readonly ProtoNames L7FlowType = Of(FlowReflection.Descriptor, "L7FlowType");
    public static readonly ProtoNames TrafficDirection = Of(FlowReflection.Descriptor, "TrafficDirection");
    public static readonly ProtoNames TraceObservationPoint = Of(FlowReflection.Descriptor, "TraceObservationPoint");
    public static readonly ProtoNames TraceReason = Of(FlowReflection.Descriptor, "TraceReason");
    public static readonly ProtoNames DebugCapturePoint = Of(FlowReflection.Descriptor, "DebugCapturePoint");
    public static readonly ProtoNames SocketTranslationPoint = Of(FlowReflection.Descriptor, "SocketTranslationPoint");
    public static readonly ProtoNames IpVersion = Of(FlowReflection.Descriptor, "IPVersion");
    public static readonly ProtoNames LostEventSource = Of(FlowReflection.Descriptor, "LostEventSource");
    public static readonly ProtoNames AgentEventType = Of(FlowReflection.Descriptor, "AgentEventType");
    public static readonly ProtoNames DebugEventType = Of(FlowReflection.Descriptor, "DebugEventType");
    public static readonly ProtoNames NodeState = Of(RelayReflection.Descriptor, "NodeState");
    public static readonly ProtoNames PeerChange = Of(PeerReflection.Descriptor, "ChangeNotificationType");

    private readonly FrozenDictionary<int, string> _names;
    private readonly FrozenDictionary<string, int> _numbers;

    private ProtoNames(EnumDescriptor descriptor)
    {
        _names = descriptor.Values.DistinctBy(value => value.Number).ToFrozenDictionary(value => value.Number, value => value.Name);
        _numbers = descriptor.Values.ToFrozenDictionary(value => value.Name, value => value.Number);
        All = [.. descriptor.Values.Select(value => value.Name)];
    }

    /// <summary>In the order of the protocol's definition.</summary>
    public IReadOnlyList<string> All { get; }

    /// <summary>The name; the number in digits for a value that is newer than this program.</summary>
    public string this[int number] => _names.TryGetValue(number, out string? name) ? name : number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Finds a value; case matters, as it does in the protocol.</summary>
    public bool TryParse(string name, out int number) => _numbers.TryGetValue(name, out number);

    private static ProtoNames Of(FileDescriptor file, string name) =>
        new(file.EnumTypes.First(type => type.Name == name));
}
