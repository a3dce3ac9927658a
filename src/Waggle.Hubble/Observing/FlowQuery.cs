using Google.Protobuf.WellKnownTypes;
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

    private readonly FlowFilterSet _filter;
    private readonly long _since;
    private readonly long _until;

    private FlowQuery(GetFlowsRequest request, FlowFilterSet filter, FlowMask mask)
    {
        (_filter, Mask) = (filter, mask);
        _since = Bound("since", request.Since, long.MinValue);
        _until = Bound("until", request.Until, long.MaxValue);
        HasSince = request.Since is not null;
        (Number, First, Follow) = (request.Number, request.First, request.Follow);
        if (_since > _until)
        {
            throw new RpcException(RpcStatusCode.InvalidArgument, "since: is later than until");
        }
    }

    /// <summary>Fields to send.</summary>
    public FlowMask Mask { get; }

    /// <summary>Flows wanted at most; 0: all.</summary>
    public ulong Number { get; }

    /// <summary>Count from the oldest.</summary>
    public bool First { get; }

    /// <summary>Go on with what comes.</summary>
    public bool Follow { get; }

    /// <summary>Whether a start was given.</summary>
    public bool HasSince { get; }

    /// <summary>End, ns since 1970; <see cref="long.MaxValue"/>: none.</summary>
    public long UntilNs => _until;

    /// <summary>When to stop counting: not for those who follow after the last N.</summary>
    public ulong Limit => Number == 0 || (Follow && !First) ? ulong.MaxValue : Number;

    /// <summary>Compiles.</summary>
    /// <exception cref="RpcException">InvalidArgument, naming the field.</exception>
    public static FlowQuery Compile(GetFlowsRequest request)
    {
        var old = request.Experimental;
#pragma warning disable CS0612 // clients before v0.13 send the mask here
        var (mask, name) = request.FieldMask is null && old?.FieldMask is not null ? (old.FieldMask, "experimental.field_mask") : (request.FieldMask, "field_mask");
#pragma warning restore CS0612
        return new FlowQuery(request, FlowFilterSet.Compile(request.Whitelist, request.Blacklist), FlowMask.Compile(mask, name));
    }

    /// <summary>Whether a record is wanted; lost notes only have to be in time.</summary>
    public bool Wants(in FlowRecord record) => record.TimeNs >= _since && record.TimeNs <= _until && _filter.Matches(record);

    /// <summary>Number of the record to begin with.</summary>
    public ulong Start(FlowRing ring)
    {
        var newest = ring.Newest;
        if (First || (Number == 0 && HasSince) || (Number == 0 && !Follow))
        {
            return ring.Oldest;
        }

        if (Number == 0)
        {
            return newest + 1;
        }

        var (start, found) = (newest + 1, 0UL);
        for (var at = newest; at > 0 && found < Number; at--)
        {
            if (ring.TryRead(at, out var record) != RingRead.Read || (HasSince && record.TimeNs < _since && _since - record.TimeNs > SkewNs))
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

    private static long Bound(string field, Timestamp? time, long none)
    {
        if (time is null)
        {
            return none;
        }

        return time.Nanos is < 0 or > 999_999_999
            ? throw new RpcException(RpcStatusCode.InvalidArgument, $"{field}: nanos must be 0 to 999999999")
            : FlowDecoder.Nanoseconds(time);
    }
}
