using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Maps;

namespace Waggle.Datapath.Events;

/// <summary>What happened to events so far; losses are never silent.</summary>
/// <param name="Handled">Records decoded and handed on by this reader.</param>
/// <param name="Malformed">Records too short for what they claim to be.</param>
/// <param name="Unknown">Records of a type or version this program does not know.</param>
/// <param name="Sent">Records the datapath wrote since the map was made.</param>
/// <param name="Lost">Records the datapath could not write: the buffer was full.</param>
/// <param name="Limited">Records the datapath did not write: over the configured rate.</param>
public readonly record struct EventStatistics(long Handled, long Malformed, long Unknown, ulong Sent, ulong Lost, ulong Limited);

/// <summary>The one consumer of the node's events. Decoding runs on the reader's thread.</summary>
public sealed class EventReader : IDisposable
{
    /// <summary>
    /// How late an event may be read that follows another one: events of busy moments are read together, 100 times a second at most,
    /// as a waking for each costs more than the event.
    /// </summary>
    public static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(10);

    private readonly DatapathMaps maps;
    private readonly IDatapathEventHandler handler;
    private readonly RingBuffer buffer;
    private long handled;
    private long malformed;
    private long unknown;

    /// <param name="maps">Maps to read from.</param>
    /// <param name="handler">Gets the events.</param>
    public EventReader(DatapathMaps maps, IDatapathEventHandler handler)
    {
        this.maps = maps;
        this.handler = handler;
        buffer = new RingBuffer(maps.Events, OnRecord);
    }

    /// <summary>Reads until cancelled, and then what is still there; an exception of the handler ends it.</summary>
    public Task RunAsync(CancellationToken cancellation) => buffer.RunAsync(cancellation, Rest);

    /// <summary>Handles what is there now; returns the number of records.</summary>
    public int Consume() => buffer.Consume();

    /// <summary>Counters of both sides.</summary>
    public EventStatistics GetStatistics()
    {
        ulong sent = 0, lost = 0, limited = 0;
        var cpus = new EventCounters[BpfCpu.PossibleCount];
        if (maps.EventCounters.TryLookup(0, cpus))
        {
            foreach (var cpu in cpus)
            {
                sent += cpu.Sent;
                lost += cpu.Lost;
                limited += cpu.Limited;
            }
        }

        return new EventStatistics(Interlocked.Read(ref handled), Interlocked.Read(ref malformed), Interlocked.Read(ref unknown), sent, lost, limited);
    }

    public void Dispose() => buffer.Dispose();

    private void OnRecord(ReadOnlySpan<byte> record)
    {
        switch (EventDecoder.Decode(record, handler))
        {
            case DecodeResult.Handled:
                handled++;
                break;
            case DecodeResult.Malformed:
                malformed++;
                break;
            default:
                unknown++;
                break;
        }
    }
}
