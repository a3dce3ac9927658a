using Waggle.Hubble.Codec;
using Waggle.Hubble.Filters;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Ring;
using Waggle.Hubble.Rpc;

namespace Waggle.Hubble.Observing;

/// <summary>A GetFlows request, checked and compiled.</summary>
public sealed class FlowQuery
{
    /// <summary>Clocks of CPUs differ a little; a record this much older ends a search backwards.</summary>
    private const long SkewNs = 5_000_000_000;

    private readonly QueryWindow _window;
    private readonly FlowFilterSet _filter;

    private FlowQuery(QueryWindow window, FlowFilterSet filter, FlowMask mask) => (_window, _filter, Mask) = (window, filter, mask);

    /// <summary>How many, and from when until when.</summary>
    public QueryWindow Window => _window;

    /// <summary>Fields to send.</summary>
    public FlowMask Mask { get; }

    /// <summary>Compiles.</summary>
    /// <exception cref="RpcException">InvalidArgument, naming the field.</exception>
    public static FlowQuery Compile(GetFlowsRequest request)
    {
        var old = request.Experimental;
#pragma warning disable CS0612 // clients before v0.13 send the mask here
        var (mask, name) = request.FieldMask is null && old?.FieldMask is not null ? (old.FieldMask, "experimental.field_mask") : (request.FieldMask, "field_mask");
#pragma warning restore CS0612
        return new FlowQuery(QueryWindow.Of(request), FlowFilterSet.Compile(request.Whitelist, request.Blacklist), FlowMask.Compile(mask, name));
    }

    /// <summary>Whether a record is wanted; lost notes only have to be in time.</summary>
    public bool Wants(in FlowRecord record) => _window.Contains(record.TimeNs) && _filter.Matches(record);

    /// <summary>Number of the record to begin with.</summary>
    public ulong Start(FlowRing ring)
    {
        var (newest, number) = (ring.Newest, _window.Number);
        if (_window.First || (number == 0 && (_window.HasSince || !_window.Follow)))
        {
            return ring.Oldest;
        }

        if (number == 0)
        {
            return newest + 1;
        }

        var (start, found) = (newest + 1, 0UL);
        for (var at = newest; at > 0 && found < number; at--)
        {
            if (ring.TryRead(at, out var record) != RingRead.Read || (_window.HasSince && record.TimeNs < _window.SinceNs && _window.SinceNs - record.TimeNs > SkewNs))
            {
                break;
            }

            if (record.Kind == FlowRecordKind.Flow && Wants(record))
            {
                (start, found) = (at, found + 1);
            }
        }

        return start;
    }
}
