using Waggle.Cel;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Cel;

/// <summary>
/// "_flow.a.b.c". Fields that <see cref="FlowFields"/> knows are read from the record; for others the flow is made into its message
/// once per evaluation.
/// </summary>
internal sealed class FlowPathNode : CelNode<FlowInput>
{
    private readonly string _path;
    private readonly MessageType? _type;
    private readonly MessageField[] _fields;
    private readonly bool _test;
    private readonly bool _shortcuts;
    private readonly FlowField? _get;
    private readonly FlowTest? _has;

    public FlowPathNode(bool shortcuts)
        : this("", new MessageType(Flow.Descriptor), [], false, shortcuts)
    {
    }

    private FlowPathNode(string path, MessageType? type, MessageField[] fields, bool test, bool shortcuts)
    {
        (_path, _type, _fields, _test, _shortcuts) = (path, type, fields, test, shortcuts);
        _get = shortcuts ? FlowFields.Values.GetValueOrDefault(path) : null;
        _has = shortcuts && test ? FlowFields.Tests.GetValueOrDefault(path) : null;
        if (_has is null && _get is { } get && test && !fields[^1].IsMessage)
        {
            _has = (in FlowRecord flow) => get(flow) switch
            {
                { Kind: CelKind.String, String: var text } => text.Length > 0,
                { Kind: CelKind.List } list => CelLists.Count(list) > 0,
                var number => number.Int != 0,
            };
        }
    }

    /// <summary>A longer path. What <see cref="FlowFields"/> gives is a message of its own, and its fields are that message's.</summary>
    public override CelNode<FlowInput>? Field(string name, bool test) => _get is null && _type?.Find(name) is MessageField field
        ? new FlowPathNode(_fields.Length == 0 ? name : $"{_path}.{name}", field.Type.Object as MessageType, [.. _fields, field], test, _shortcuts)
        : null;

    public override CelValue Eval(ref CelFrame<FlowInput> frame)
    {
        if (_test ? _has is not null : _get is not null)
        {
            return _test ? CelValue.Of(_has!(frame.Input.Record)) : _get!(frame.Input.Record);
        }

        var value = CelValue.OfObject(frame.Input.Message);
        for (var i = 0; i < _fields.Length && value.Kind == CelKind.Object; i++)
        {
            value = _test && i == _fields.Length - 1 ? CelValue.Of(_fields[i].Has(value.Reference!)) : _fields[i].Get(value.Reference!);
        }

        return value;
    }
}
