using Google.Protobuf.WellKnownTypes;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Rpc;

namespace Waggle.Hubble.Observing;

/// <summary>Which part of what happened a request asks for: how many, from when until when, and whether to go on with what comes.</summary>
public readonly record struct QueryWindow
{
    private QueryWindow(ulong number, bool first, bool follow, Timestamp? since, Timestamp? until)
    {
        (Number, First, Follow, HasSince) = (number, first, follow, since is not null);
        SinceNs = Bound("since", since, long.MinValue);
        UntilNs = Bound("until", until, long.MaxValue);
        if (SinceNs > UntilNs)
        {
            throw new RpcException(RpcStatusCode.InvalidArgument, "since: is later than until");
        }
    }

    /// <summary>Wanted at most; 0: all.</summary>
    public ulong Number { get; }

    /// <summary>Count from the oldest.</summary>
    public bool First { get; }

    /// <summary>Go on with what comes.</summary>
    public bool Follow { get; }

    /// <summary>Whether a start was given.</summary>
    public bool HasSince { get; }

    /// <summary>Start, ns since 1970; <see cref="long.MinValue"/>: none.</summary>
    public long SinceNs { get; }

    /// <summary>End, ns since 1970; <see cref="long.MaxValue"/>: none.</summary>
    public long UntilNs { get; }

    /// <summary>When to stop counting: not for those who follow after the last N.</summary>
    public ulong Limit => Number == 0 || (Follow && !First) ? ulong.MaxValue : Number;

    /// <summary>Checks.</summary>
    /// <exception cref="RpcException">InvalidArgument, naming the field.</exception>
    public static QueryWindow Of(GetFlowsRequest request) => new(request.Number, request.First, request.Follow, request.Since, request.Until);

    /// <inheritdoc cref="Of(GetFlowsRequest)"/>
    public static QueryWindow Of(GetAgentEventsRequest request) => new(request.Number, request.First, request.Follow, request.Since, request.Until);

    /// <inheritdoc cref="Of(GetFlowsRequest)"/>
    public static QueryWindow Of(GetDebugEventsRequest request) => new(request.Number, request.First, request.Follow, request.Since, request.Until);

    /// <summary>Whether a time is in it.</summary>
    public bool Contains(long timeNs) => timeNs >= SinceNs && timeNs <= UntilNs;

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
