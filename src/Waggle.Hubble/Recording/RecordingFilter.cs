using System.Net;
using System.Net.Sockets;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Recorders;
using Waggle.Hubble.Rpc;

namespace Waggle.Hubble.Recording;

/// <summary>Which packets a recording takes: one of its five-tuples must match.</summary>
public sealed class RecordingFilter
{
    private const int MaxTuples = 256;
    private readonly Tuple[] _tuples;

    private RecordingFilter(Tuple[] tuples) => _tuples = tuples;

    /// <summary>The five-tuples.</summary>
    public IReadOnlyList<RecordingRule> Rules => [.. _tuples.Select(t => new RecordingRule(
        new FlowAddress(t.Source.High, t.Source.Low), t.Source.Length, t.SourcePort, new FlowAddress(t.Destination.High, t.Destination.Low), t.Destination.Length, t.DestinationPort, t.Protocol))];

    /// <exception cref="RpcException">InvalidArgument, naming the filter and the field.</exception>
    public static RecordingFilter Compile(IReadOnlyList<Filter> filters)
    {
        if (filters.Count is 0 or > MaxTuples)
        {
            throw new RpcException(RpcStatusCode.InvalidArgument, $"include: {filters.Count} filters are given; 1 to {MaxTuples} are needed");
        }

        return new RecordingFilter([.. filters.Select((filter, i) => new Tuple(
            Prefix(filter.SourceCidr, $"include[{i}].source_cidr"), Port(filter.SourcePort, $"include[{i}].source_port"),
            Prefix(filter.DestinationCidr, $"include[{i}].destination_cidr"), Port(filter.DestinationPort, $"include[{i}].destination_port"), (byte)filter.Protocol))]);
    }

    /// <param name="packet">Addresses, ports and protocol as parsed.</param>
    public bool Matches(in FlowRecord packet)
    {
        foreach (ref readonly Tuple tuple in _tuples.AsSpan())
        {
            if ((tuple.Protocol == 0 || tuple.Protocol == packet.Protocol)
                && (tuple.SourcePort == 0 || (packet.HasPorts && tuple.SourcePort == packet.SourcePort)) && (tuple.DestinationPort == 0 || (packet.HasPorts && tuple.DestinationPort == packet.DestinationPort))
                && tuple.Source.Contains(packet.Source) && tuple.Destination.Contains(packet.Destination))
            {
                return true;
            }
        }

        return false;
    }

    private static Range Prefix(string text, string field)
    {
        if (!IPNetwork.TryParse(text, out IPNetwork network))
        {
            throw new RpcException(RpcStatusCode.InvalidArgument, $"{field}: \"{text}\" is not a prefix such as 10.0.0.0/8");
        }

        bool four = network.BaseAddress.AddressFamily == AddressFamily.InterNetwork;
        int length = network.PrefixLength + (four ? 96 : 0);
        ulong high = length >= 64 ? ulong.MaxValue : length == 0 ? 0 : ulong.MaxValue << (64 - length);
        ulong low = length <= 64 ? 0 : ulong.MaxValue << (128 - length);
        FlowAddress address = FlowAddress.From(network.BaseAddress);
        return new Range(address.High & high, address.Low & low, high, low, four, (byte)length);
    }

    private static ushort Port(uint port, string field) =>
        port <= ushort.MaxValue ? (ushort)port : throw new RpcException(RpcStatusCode.InvalidArgument, $"{field}: {port} is no port");

    private readonly record struct Range(ulong High, ulong Low, ulong HighMask, ulong LowMask, bool Four, byte Length)
    {
        public bool Contains(FlowAddress address) => address.IsIPv4 == Four && !address.IsNone && (address.High & HighMask) == High && (address.Low & LowMask) == Low;
    }

    private readonly record struct Tuple(Range Source, ushort SourcePort, Range Destination, ushort DestinationPort, byte Protocol);
}
