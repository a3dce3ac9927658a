namespace Waggle.Agent.Policy;

/// <summary>Which subjects there are, under which numbers, and who waits for them. Owned by <see cref="PolicyLoop"/>.</summary>
internal sealed class SubjectBook
{
    private static readonly TimeSpan Keep = TimeSpan.FromMinutes(1);
    private readonly Dictionary<SubjectKey, Entry> _byKey = [];
    private readonly Dictionary<uint, Entry> _byNumber = [];
    private readonly HashSet<uint> _taken = [PolicyLoop.HostSubject];
    private uint _next = PolicyLoop.HostSubject + 1;

    internal sealed class Entry(uint number, SubjectKey key)
    {
        public uint Number { get; } = number;

        public SubjectKey Key { get; } = key;

        public int Endpoints { get; set; }

        /// <summary>When it was last used or asked for.</summary>
        public long LastUse { get; set; }

        /// <summary>The compiler knows it.</summary>
        public bool IsCompiled { get; set; }

        public IReadOnlyList<string> Labels { get; set; } = [];

        /// <summary>Why the kernel does not hold what it should.</summary>
        public string Problem { get; set; } = "";

        public List<TaskCompletionSource<uint>> Waiting { get; } = [];
    }

    public IEnumerable<Entry> All => _byKey.Values;

    public Entry? ByNumber(uint number) => _byNumber.GetValueOrDefault(number);

    /// <summary>A number that must not be given to another: the kernel holds a row under it.</summary>
    public void Reserve(uint number) => _taken.Add(number);

    /// <summary>An endpoint of before has this number.</summary>
    public void Restore(SubjectKey key, uint number)
    {
        if (number > PolicyLoop.HostSubject && !_byKey.ContainsKey(key) && !_byNumber.ContainsKey(number))
        {
            _taken.Add(number);
            _byKey[key] = _byNumber[number] = new Entry(number, key);
        }
    }

    public void Ask(SubjectKey key, TaskCompletionSource<uint> answer, long now)
    {
        Entry entry = Of(key);
        entry.LastUse = now;
        entry.Waiting.Add(answer);
    }

    /// <summary>Counts who uses what; subjects of endpoints that nobody asked for are made, too.</summary>
    public void Count(IEnumerable<SubjectKey> used, long now)
    {
        foreach (Entry entry in _byKey.Values)
        {
            entry.Endpoints = 0;
        }

        foreach (SubjectKey key in used)
        {
            Entry entry = Of(key);
            entry.Endpoints++;
            entry.LastUse = now;
        }
    }

    /// <summary>Other labels of an identity: what was compiled with the old ones is compiled again.</summary>
    public void Relabel(uint identity, IReadOnlyList<string> labels)
    {
        foreach (Entry entry in _byKey.Values.Where(e => e.Key.Identity == identity && !e.Labels.SequenceEqual(labels)))
        {
            entry.IsCompiled = false;
        }
    }

    public bool Uses(uint identity) => _byKey.Values.Any(e => e.Key.Identity == identity);

    /// <summary>Subjects that no endpoint has had for a while.</summary>
    public IReadOnlyList<Entry> Idle(TimeProvider time) => [.. _byKey.Values.Where(e => e.Endpoints == 0 && e.Waiting.Count == 0 && time.GetElapsedTime(e.LastUse) > Keep)];

    public void Remove(Entry entry)
    {
        _byKey.Remove(entry.Key);
        _byNumber.Remove(entry.Number);
        _taken.Remove(entry.Number);
    }

    private Entry Of(SubjectKey key)
    {
        if (!_byKey.TryGetValue(key, out Entry? entry))
        {
            while (!_taken.Add(_next))
            {
                _next++;
            }

            _byKey[key] = _byNumber[_next] = entry = new Entry(_next, key);
        }

        return entry;
    }
}
