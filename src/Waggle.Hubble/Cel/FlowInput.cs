using Waggle.Hubble.Codec;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Cel;

/// <summary>The flow that an expression is asked about.</summary>
internal ref struct FlowInput(in FlowRecord record, Flow? message = null)
{
    public readonly ref readonly FlowRecord Record = ref record;

    private Flow? _message = message;

    /// <summary>The flow as a message; made when a field is asked that has no shorter way.</summary>
    public Flow Message => _message ??= FlowEncoder.Encode(Record);
}
