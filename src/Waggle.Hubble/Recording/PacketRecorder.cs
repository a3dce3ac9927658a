using Waggle.Hubble.Assembly;
using Waggle.Hubble.Flows;

namespace Waggle.Hubble.Recording;

/// <summary>Hands captured packets to the recordings that run. While none does, a packet costs one look.</summary>
public sealed class PacketRecorder : IDisposable
{
    private readonly SemaphoreSlim _changing = new(1, 1);
    private Recording[] _recordings = [];

    /// <summary>Who takes packets; null: whoever calls <see cref="Offer"/> takes what it likes.</summary>
    public IPacketSource? Source { get; set; }

    public bool Wanted => Volatile.Read(ref _recordings).Length > 0;

    /// <summary>Called on one thread for each captured packet; does not wait.</summary>
    /// <param name="packet">Its beginning, from the Ethernet header on.</param>
    public void Offer(ReadOnlySpan<byte> packet, uint originalLength, long unixNanoseconds)
    {
        Recording[] recordings = Volatile.Read(ref _recordings);
        if (recordings.Length == 0 || packet.Length == 0)
        {
            return;
        }

        FlowRecord parsed = default;
        PacketParser.Parse(packet, tunnelPort: 0, ref parsed);
        foreach (Recording recording in recordings)
        {
            recording.Offer(in parsed, packet, originalLength, unixNanoseconds);
        }
    }

    /// <summary>Packets that were taken for somebody and could not be offered; nobody knows for whom, so all are told.</summary>
    public void OfferLoss(ulong packets, ulong bytes)
    {
        foreach (Recording recording in Volatile.Read(ref _recordings))
        {
            recording.Lose(packets, bytes);
        }
    }

    public void Dispose() => _changing.Dispose();

    /// <summary>Begins; when it returns, packets are taken.</summary>
    internal async Task AddAsync(Recording recording, CancellationToken cancellation)
    {
        await _changing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            Recording[] all = [.. _recordings, recording];
            await ApplyAsync(all, cancellation).ConfigureAwait(false);
            Volatile.Write(ref _recordings, all);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Ends; what was taken up to now is offered first.</summary>
    internal async Task RemoveAsync(Recording recording)
    {
        await _changing.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            Source?.Flush();
            Recording[] all = [.. _recordings.Where(each => each != recording)];
            Volatile.Write(ref _recordings, all);
            await ApplyAsync(all, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            _changing.Release();
        }
    }

    private Task ApplyAsync(Recording[] recordings, CancellationToken cancellation) => Source is null ? Task.CompletedTask
        : Source.ApplyAsync([.. recordings.SelectMany(r => r.Rules).Distinct()], recordings.Select(r => r.SnapLength).DefaultIfEmpty().Max(), cancellation);
}
