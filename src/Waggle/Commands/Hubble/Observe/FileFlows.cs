using System.Runtime.CompilerServices;
using Google.Protobuf;
using Waggle.Cli;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Filters;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Rpc;

namespace Waggle.Commands.Hubble.Observe;

/// <summary>Answers a request from JSON lines, as <c>observe -o jsonpb</c> and the exporter write them.</summary>
internal sealed class FileFlows(TextReader input, Action<string> warn)
{
    private const ulong MostAtTheEnd = 1_000_000;

    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    /// <exception cref="CliException">A filter cannot be used, or more is asked for than fits in memory.</exception>
    public async IAsyncEnumerable<GetFlowsResponse> ReadAsync(GetFlowsRequest request, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var wanted = Compile(request);
        var everything = request.Number is 0 or ulong.MaxValue;
        if (!everything && !request.First && request.Number > MostAtTheEnd)
        {
            throw CliException.Usage($"--last may be {MostAtTheEnd} at most when flows come from a file");
        }

        var newest = everything || request.First ? null : new Queue<GetFlowsResponse>();
        ulong given = 0, number = 0;
        while (await input.ReadLineAsync(cancellation).ConfigureAwait(false) is { } line)
        {
            number++;
            if (Read(line, number) is not { } response || !Takes(request, wanted, response))
            {
                continue;
            }

            if (newest is null)
            {
                yield return response;
                if (request.First && ++given == request.Number)
                {
                    yield break;
                }
            }
            else
            {
                newest.Enqueue(response);
                if ((ulong)newest.Count > request.Number)
                {
                    newest.Dequeue();
                }
            }
        }

        foreach (var response in newest ?? [])
        {
            yield return response;
        }
    }

    private static FlowFilterSet Compile(GetFlowsRequest request)
    {
        try
        {
            return FlowFilterSet.Compile(request.Whitelist, request.Blacklist);
        }
        catch (RpcException wrong)
        {
            throw CliException.Usage(wrong.Detail);
        }
    }

    private static bool Takes(GetFlowsRequest request, FlowFilterSet wanted, GetFlowsResponse response)
    {
        if (response.Time is { } time && (request.Since is { } since && time < since || request.Until is { } until && time > until))
        {
            return false;
        }

        if (response.Flow is null)
        {
            // What is no flow was not filtered where it came from either.
            return true;
        }

        FlowRecord record = FlowDecoder.Decode(response.Flow);
        return wanted.Matches(in record);
    }

    private GetFlowsResponse? Read(string line, ulong number)
    {
        if (string.IsNullOrWhiteSpace(line))
        {
            return null;
        }

        try
        {
            var response = Parser.Parse<GetFlowsResponse>(line);
            response.Time ??= response.Flow?.Time;
            return response.ResponseTypesCase == GetFlowsResponse.ResponseTypesOneofCase.None ? null : response;
        }
        catch (Exception wrong) when (wrong is InvalidProtocolBufferException or InvalidJsonException or FormatException or OverflowException)
        {
            warn($"line {number} is no flow in JSON: {wrong.Message}");
            return null;
        }
    }
}
