using System.Runtime.CompilerServices;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Cel;

/// <summary>One evaluation: the flow, the variables of macros, and what it may still cost.</summary>
internal ref struct CelFrame
{
    public CelVariables Variables;
    private int _left;
    private Flow? _message;

    public CelFrame(in FlowRecord record, Flow? message = null)
    {
        Record = ref record;
        _message = message;
        _left = CelLimits.Cost;
    }

    public static CelValue Exhausted { get; } = CelValue.Error($"the evaluation costs more than {CelLimits.Cost} units");

    public readonly ref readonly FlowRecord Record;

    public readonly bool IsExhausted => _left < 0;

    /// <summary>The flow as a message; made when a field is asked that has no shorter way.</summary>
    public Flow Message => _message ??= FlowEncoder.Encode(Record);

    /// <summary>False: stop here.</summary>
    public bool Charge(int units) => _left >= 0 && (_left -= units) >= 0;
}

/// <summary>Room for the variables of macros within each other.</summary>
[InlineArray(CelLimits.Variables)]
internal struct CelVariables
{
    private CelValue _first;
}
