using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Waggle.Hubble.Cel;

/// <summary>
/// "_flow.a.b.c". Fields that <see cref="FlowFields"/> knows are read from the record; for others the flow is made into its message
/// once per evaluation.
/// </summary>
internal sealed class FlowPathNode : CelNode
{
    private readonly FieldDescriptor[] _fields;
    private readonly bool _test;
    private readonly bool _shortcuts;
    private readonly FlowField? _get;
    private readonly FlowTest? _has;

    public FlowPathNode(bool shortcuts)
        : this([], false, shortcuts)
    {
    }

    private FlowPathNode(FieldDescriptor[] fields, bool test, bool shortcuts)
    {
        (_fields, _test, _shortcuts) = (fields, test, shortcuts);
        var path = string.Join('.', fields.Select(f => f.Name));
        _get = shortcuts ? FlowFields.Values.GetValueOrDefault(path) : null;
        _has = shortcuts && test ? FlowFields.Tests.GetValueOrDefault(path) : null;
        if (_has is null && _get is { } get && test && fields[^1].FieldType != FieldType.Message)
        {
            _has = (in Flows.FlowRecord flow) => get(flow) switch
            {
                { Kind: CelKind.String, String: var text } => text.Length > 0,
                { Kind: CelKind.List } list => CelLists.Count(list) > 0,
                var number => number.Int != 0,
            };
        }
    }

    /// <summary>Whether a field of it is a longer path; else the value is a message of its own, and its fields are that message's.</summary>
    public bool CanGrow => _get is null;

    public FlowPathNode Field(FieldDescriptor field, bool test) => new([.. _fields, field], test, _shortcuts);

    public override CelValue Eval(ref CelFrame frame)
    {
        if (_test ? _has is not null : _get is not null)
        {
            return _test ? CelValue.Of(_has!(frame.Record)) : _get!(frame.Record);
        }

        IMessage message = frame.Message;
        for (var i = 0; i < _fields.Length; i++)
        {
            var last = i == _fields.Length - 1;
            if (last && _test)
            {
                return CelValue.Of(CelFields.Has(message, _fields[i]));
            }

            var value = CelFields.Get(message, _fields[i]);
            if (last || value.Kind != CelKind.Message)
            {
                return value;
            }

            message = (IMessage)value.Reference!;
        }

        return CelValue.Of(message);
    }
}
