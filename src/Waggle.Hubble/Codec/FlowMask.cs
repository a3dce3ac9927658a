using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Rpc;

namespace Waggle.Hubble.Codec;

/// <summary>A field mask over <see cref="Flow"/>, compiled: only what it names stays in a flow.</summary>
public sealed class FlowMask
{
    private const int MaxPaths = 256;
    private readonly Node? _root;

    private FlowMask(Node? root) => _root = root;

    /// <summary>Everything stays.</summary>
    public static FlowMask All { get; } = new(null);

    /// <summary>Whether everything stays.</summary>
    public bool IsAll => _root is null;

    /// <summary>Compiles; null or empty keeps everything. Names are those of the protobuf definition ("source.pod_name").</summary>
    /// <exception cref="RpcException">InvalidArgument, naming the path.</exception>
    public static FlowMask Compile(FieldMask? mask, string field = "field_mask")
    {
        if (mask is null || mask.Paths.Count == 0)
        {
            return All;
        }

        if (mask.Paths.Count > MaxPaths)
        {
            throw new RpcException(RpcStatusCode.InvalidArgument, $"{field}: {mask.Paths.Count} paths are more than the limit of {MaxPaths}");
        }

        var root = new Node();
        foreach (var path in mask.Paths)
        {
            var node = root;
            MessageDescriptor? message = Flow.Descriptor;
            foreach (var name in path.Split('.'))
            {
                var found = message?.FindFieldByName(name)
                    ?? throw new RpcException(RpcStatusCode.InvalidArgument, $"{field}: \"{path}\" is not a field of flow.Flow");
                if (node.Whole)
                {
                    break;
                }

                if (!node.Children.TryGetValue(found.FieldNumber, out var child))
                {
                    node.Children.Add(found.FieldNumber, child = new Node());
                }

                node = child;
                message = found.FieldType == FieldType.Message && !found.IsRepeated && !found.IsMap ? found.MessageType : null;
            }

            node.Whole = true;
        }

        return new FlowMask(root);
    }

    /// <summary>The record's protobuf form, with what the mask names.</summary>
    public Flow Encode(in FlowRecord record)
    {
        var flow = FlowEncoder.Encode(record);
        if (_root is not null)
        {
            Prune(flow, _root, Flow.Descriptor);
        }

        return flow;
    }

    /// <summary>The same for a flow that is there already; the flow is left as it is.</summary>
    public Flow Apply(Flow flow)
    {
        if (_root is null)
        {
            return flow;
        }

        var copy = flow.Clone();
        Prune(copy, _root, Flow.Descriptor);
        return copy;
    }

    private static void Prune(IMessage message, Node node, MessageDescriptor descriptor)
    {
        foreach (var field in descriptor.Fields.InDeclarationOrder())
        {
            // Clearing one member of a oneof would clear the one that is set.
            if (field.ContainingOneof is { } choice && choice.Accessor.GetCaseFieldDescriptor(message) != field)
            {
                continue;
            }

            if (!node.Children.TryGetValue(field.FieldNumber, out var child))
            {
                field.Accessor.Clear(message);
            }
            else if (!child.Whole && field.Accessor.GetValue(message) is IMessage part)
            {
                // Parts may be shared between flows.
                var own = Copy(part);
                Prune(own, child, field.MessageType);
                field.Accessor.SetValue(message, own);
            }
        }
    }

    private static IMessage Copy(IMessage part) => part switch
    {
        Endpoint e => e.Clone(),
        Layer7 l => l.Clone(),
        _ => part,
    };

    private sealed class Node
    {
        public Dictionary<int, Node> Children { get; } = [];

        public bool Whole { get; set; }
    }
}
