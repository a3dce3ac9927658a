using Waggle.Hubble.Flows;

namespace Waggle.Hubble.Recording;

/// <summary>Packets of one kind: addresses by prefix, ports and protocol; 0 is any.</summary>
/// <param name="SourceLength">Length of the prefix in 128 bits: IPv4 begins at 96.</param>
public readonly record struct RecordingRule(FlowAddress Source, byte SourceLength, ushort SourcePort, FlowAddress Destination, byte DestinationLength, ushort DestinationPort, byte Protocol);

/// <summary>Who takes packets for the recordings, such as the datapath.</summary>
public interface IPacketSource
{
    /// <summary>From now on offers the packets that match one of these rules, and perhaps others; no rule: none.</summary>
    /// <param name="rules">Of all recordings together.</param>
    /// <param name="snapLength">Bytes of a packet that somebody wants.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="Rpc.RpcException">It cannot; nothing has changed.</exception>
    Task ApplyAsync(IReadOnlyList<RecordingRule> rules, uint snapLength, CancellationToken cancellation);

    /// <summary>Offers what was taken up to now.</summary>
    void Flush();
}
