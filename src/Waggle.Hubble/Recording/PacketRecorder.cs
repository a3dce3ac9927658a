using Waggle.Hubble.Assembly;
using Waggle.Hubble.Flows;

namespace Waggle.Hubble.Recording;

/// <summary>Hands captured packets to the recordings that run. While none does, a packet costs one look.</summary>
public sealed class PacketRecorder
{
    private readonly Lock _lock = new();
    private Recording[] _recordings = [];

    /// <summary>Raised when the first recording came or the last went.</summary>
    public event Action? DemandChanged;

    public bool Wanted => Volatile.Read(ref _recordings).Length > 0;

    /// <summary>Called by the reader of the ring buffer for each captured packet; does not wait.</summary>
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

    internal void Add(Recording recording) => Change(all => [.. all, recording]);

    internal void Remove(Recording recording) => Change(all => [.. all.Where(each => each != recording)]);

    private void Change(Func<Recording[], Recording[]> change)
    {
        bool before, after;
        lock (_lock)
        {
            before = Wanted;
            Volatile.Write(ref _recordings, change(_recordings));
            after = Wanted;
        }

        if (before != after)
        {
            DemandChanged?.Invoke();
        }
    }
}
