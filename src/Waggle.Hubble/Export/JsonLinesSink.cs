using System.Text;
using Google.Protobuf;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Export.Json;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;

namespace Waggle.Hubble.Export;

/// <summary>Records as JSON lines to a file, a stream or a syslog server.</summary>
public sealed class JsonLinesSink : IFlowSink
{
    // A batch larger than this is unusual; its memory is not kept.
    private const int KeptBytes = 1 << 20;

    private static readonly JsonFormatter Masked = new(new JsonFormatter.Settings(formatDefaultValues: false).WithPreserveProtoFieldNames(true));

    private readonly ILineTarget _target;
    private readonly FlowMask _mask;
    private JsonLine _lines = new();
    private FlowJson _json;

    /// <param name="mask">Fields of the flow to keep; node and time are always told.</param>
    public JsonLinesSink(ILineTarget target, FlowMask mask)
    {
        (_target, _mask) = (target, mask);
        _json = new FlowJson(_lines);
    }

    public void Add(in FlowRecord flow, FlowCounts counts = default)
    {
        if (ReferenceEquals(_mask, FlowMask.All) || flow.Kind != FlowRecordKind.Flow)
        {
            _json.Write(in flow, counts);
            return;
        }

        Flow kept = _mask.Encode(in flow);
        if (!counts.IsNone)
        {
            kept.Aggregate = counts.Message();
        }

        var line = new ExportEvent { Flow = kept, NodeName = flow.Node.Name, Time = FlowEncoder.Time(flow.TimeNs) };
        _lines.Raw(Encoding.UTF8.GetBytes(Masked.Format(line)));
        _lines.Raw("\n"u8);
    }

    public void AddLost(LostEventSource source, ulong count, string node, long unixNanoseconds) => _json.WriteLost(source, count, node, unixNanoseconds);

    public async ValueTask FlushAsync(CancellationToken cancellation)
    {
        try
        {
            if (_lines.Length > 0)
            {
                await _target.WriteAsync(_lines.Written, cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            if (_lines.Length > KeptBytes)
            {
                _lines = new JsonLine();
                _json = new FlowJson(_lines);
            }

            _lines.Clear();
        }
    }

    public ValueTask DisposeAsync() => _target.DisposeAsync();
}
