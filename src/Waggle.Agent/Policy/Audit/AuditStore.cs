using Waggle.Policy.Rules;

namespace Waggle.Agent.Policy.Audit;

/// <summary>What policies on trial and endpoints in audit mode would have had dropped. Bounded: the pairs that were silent the longest go first, counted. Thread-safe.</summary>
public sealed class AuditStore(TimeProvider time)
{
    /// <summary>Pairs kept at most.</summary>
    public const int MaxPairs = 2048;

    /// <summary>Ports told apart for a pair; further ones are counted together.</summary>
    public const int MaxPorts = 32;

    private readonly Lock _lock = new();
    private readonly Dictionary<AuditPair, LinkedListNode<Talk>> _pairs = [];
    private readonly LinkedList<Talk> _silentFirst = new();
    private long _evicted;

    /// <summary>When counting began.</summary>
    public DateTimeOffset Since { get; } = time.GetUtcNow();

    /// <summary>Pairs that were forgotten for want of room.</summary>
    public long Evicted => Interlocked.Read(ref _evicted);

    public void Add(in AuditPair pair, byte protocol, ushort port, string example)
    {
        DateTimeOffset now = time.GetUtcNow();
        lock (_lock)
        {
            if (!_pairs.TryGetValue(pair, out LinkedListNode<Talk>? node))
            {
                if (_pairs.Count >= MaxPairs)
                {
                    _pairs.Remove(_silentFirst.First!.Value.Pair);
                    _silentFirst.RemoveFirst();
                    Interlocked.Increment(ref _evicted);
                }

                _pairs[pair] = node = new LinkedListNode<Talk>(new Talk(pair));
            }
            else
            {
                _silentFirst.Remove(node);
            }

            _silentFirst.AddLast(node);
            Dictionary<(byte, int), Tally> ports = node.Value.Ports;
            (byte, int) key = (protocol, port);
            if (!ports.TryGetValue(key, out Tally? tally))
            {
                if (ports.Count >= MaxPorts)
                {
                    key = (protocol, -1);
                }

                if (!ports.TryGetValue(key, out tally))
                {
                    ports[key] = tally = new Tally(now);
                }
            }

            (tally.Count, tally.Last, tally.Example) = (tally.Count + 1, now, example);
        }
    }

    /// <summary>All lines, or those in which a policy has a part.</summary>
    public IReadOnlyList<AuditEntry> Read(Func<PolicyKey, bool>? policy = null)
    {
        lock (_lock)
        {
            return
            [
                .. from talk in _silentFirst from port in talk.Ports
                   select new AuditEntry(talk.Pair, port.Key.Protocol, port.Key.Port, port.Value.Count, port.Value.First, port.Value.Last, port.Value.Example) into entry
                   where policy is null || entry.Concerns(policy) select entry,
            ];
        }
    }

    private sealed class Talk(AuditPair pair)
    {
        public AuditPair Pair { get; } = pair;

        /// <summary>At most <see cref="MaxPorts"/>, and one more for each of the 256 protocols.</summary>
        public Dictionary<(byte Protocol, int Port), Tally> Ports { get; } = [];
    }

    private sealed class Tally(DateTimeOffset first)
    {
        public DateTimeOffset First { get; } = first;

        public DateTimeOffset Last { get; set; }

        public long Count { get; set; }

        public string Example { get; set; } = "";
    }
}
