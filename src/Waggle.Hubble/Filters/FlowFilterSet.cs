using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Rpc;

namespace Waggle.Hubble.Filters;

/// <summary>A question about a flow.</summary>
public delegate bool FlowPredicate(in FlowRecord flow);

/// <summary>
/// The filters of one request, compiled once. Within a filter all fields must match, of a field one value; of the whitelist one filter
/// must match, if it has any; of the blacklist none may. Lost notes always pass: nobody who asks wants to be spared them.
/// Matching may run on several threads; it allocates nothing except for
/// regular expressions on L7 records.
/// </summary>
public sealed class FlowFilterSet
{
    private const int MaxFilters = 256;
    private readonly FlowPredicate[] _white;
    private readonly FlowPredicate[] _black;

    private FlowFilterSet(FlowPredicate[] white, FlowPredicate[] black) => (_white, _black) = (white, black);

    /// <summary>Everything passes.</summary>
    public static FlowFilterSet All { get; } = new([], []);

    /// <summary>Compiles.</summary>
    /// <exception cref="RpcException">InvalidArgument, naming list, filter and field.</exception>
    public static FlowFilterSet Compile(IReadOnlyList<FlowFilter> whitelist, IReadOnlyList<FlowFilter> blacklist) =>
        whitelist.Count == 0 && blacklist.Count == 0 ? All : new(CompileList("whitelist", whitelist), CompileList("blacklist", blacklist));

    /// <summary>Whether this record is wanted.</summary>
    public bool Matches(in FlowRecord flow)
    {
        if (flow.Kind != FlowRecordKind.Flow)
        {
            return true;
        }

        foreach (var filter in _black)
        {
            if (filter(flow))
            {
                return false;
            }
        }

        foreach (var filter in _white)
        {
            if (filter(flow))
            {
                return true;
            }
        }

        return _white.Length == 0;
    }

    private static FlowPredicate[] CompileList(string list, IReadOnlyList<FlowFilter> filters)
    {
        if (filters.Count > MaxFilters)
        {
            throw new RpcException(RpcStatusCode.InvalidArgument, $"{list}: {filters.Count} filters are more than the limit of {MaxFilters}");
        }

        var result = new FlowPredicate[filters.Count];
        for (var i = 0; i < result.Length; i++)
        {
            try
            {
                result[i] = FlowFilterCompiler.Compile(filters[i]);
            }
            catch (FilterException e)
            {
                throw new RpcException(RpcStatusCode.InvalidArgument, $"{list}[{i}].{e.Message}", e);
            }
        }

        return result;
    }
}
