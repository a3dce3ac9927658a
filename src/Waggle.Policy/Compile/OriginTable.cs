using System.Collections.Immutable;
using Waggle.Policy.Rules;

namespace Waggle.Policy.Compile;

/// <summary>Numbers for reasons: one per distinct set of places, kept while a row names it. A freed number rests for a commit.</summary>
internal sealed class OriginTable(int most)
{
    /// <summary>More places than this are not named one by one.</summary>
    public const int MostPlaces = 32;

    /// <summary>The number of all reasons for which there was no number.</summary>
    public const uint Unattributed = 1;

    private readonly Dictionary<Key, Entry> _byKey = [];
    private readonly Dictionary<uint, Entry> _byNumber = [];
    private readonly Stack<uint> _free = [];
    private readonly List<uint> _resting = [];
    private uint _next = Unattributed + 1;

    public int Count => _byNumber.Count;

    public IReadOnlyCollection<RuleOrigin> All => [.. _byNumber.Values.Select(e => e.Origin)];

    public bool IsFull => _free.Count == 0 && _next >= most;

    public RuleOrigin? Describe(uint number) => number == Unattributed ? new RuleOrigin(number, RuleOriginKind.Unattributed, Direction.Ingress, [])
        : _byNumber.TryGetValue(number, out Entry? entry) ? entry.Origin : null;

    /// <summary>A number for the reason; counts as one use, to be given back with <see cref="Release"/>.</summary>
    public uint Acquire(RuleOriginKind kind, Direction direction, IReadOnlyList<Place> places)
    {
        var key = new Key(kind, direction, [.. places.Select(p => p.Id).Take(MostPlaces)]);
        if (!_byKey.TryGetValue(key, out Entry? entry))
        {
            if (!_free.TryPop(out uint number))
            {
                if (_next >= most)
                {
                    return Unattributed;
                }

                number = _next++;
            }

            entry = new Entry(key, new RuleOrigin(number, kind, direction, [.. places.Take(MostPlaces).Select(p => p.Of)]));
            _byKey.Add(key, entry);
            _byNumber.Add(number, entry);
        }

        entry.Uses++;
        return entry.Origin.Number;
    }

    public void AddUse(uint number)
    {
        if (_byNumber.TryGetValue(number, out Entry? entry))
        {
            entry.Uses++;
        }
    }

    public void Release(uint number)
    {
        if (_byNumber.TryGetValue(number, out Entry? entry) && --entry.Uses == 0)
        {
            _byNumber.Remove(number);
            _byKey.Remove(entry.Key);
            _resting.Add(number);
        }
    }

    /// <summary>The numbers freed since the last call; they can be given out again from now on.</summary>
    public List<uint> TakeFreed()
    {
        List<uint> freed = [.. _resting];
        foreach (uint number in freed)
        {
            _free.Push(number);
        }

        _resting.Clear();
        return freed;
    }

    /// <summary>A place in a policy with a number that no other ever has.</summary>
    public sealed record Place(int Id, RulePlace Of);

    private sealed class Entry(Key key, RuleOrigin origin)
    {
        public Key Key => key;

        public RuleOrigin Origin => origin;

        public int Uses { get; set; }
    }

    private readonly struct Key(RuleOriginKind kind, Direction direction, ImmutableArray<int> places) : IEquatable<Key>
    {
        private readonly RuleOriginKind _kind = kind;
        private readonly Direction _direction = direction;
        private readonly ImmutableArray<int> _places = places;

        public bool Equals(Key other) => _kind == other._kind && _direction == other._direction && _places.AsSpan().SequenceEqual(other._places.AsSpan());

        public override bool Equals(object? obj) => obj is Key other && Equals(other);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(_kind);
            hash.Add(_direction);
            foreach (int place in _places)
            {
                hash.Add(place);
            }

            return hash.ToHashCode();
        }
    }
}
