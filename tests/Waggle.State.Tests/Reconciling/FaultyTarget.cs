using Waggle.State.Reconciling;
using Waggle.State.Tables;
using Waggle.State.Tests.Tables;

namespace Waggle.State.Tests.Reconciling;

/// <summary>A target in memory that fails as told.</summary>
internal sealed class FaultyTarget : IReconcilerTarget<Item>
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _faults = [];
    private readonly SortedDictionary<int, Item> _content = [];
    private readonly List<string> _log = [];

    /// <summary>Called before each operation; may block it.</summary>
    internal Func<string, Task>? Before { get; set; }

    internal IReadOnlyList<string> Log
    {
        get
        {
            lock (_gate)
            {
                return [.. _log];
            }
        }
    }

    internal IReadOnlyList<Item> Content
    {
        get
        {
            lock (_gate)
            {
                return [.. _content.Values];
            }
        }
    }

    /// <summary>Puts in something that no table knows, as a former run would have left it.</summary>
    internal void Plant(Item item)
    {
        lock (_gate)
        {
            _content[item.Id] = item;
        }
    }

    /// <summary>Lets the next <paramref name="times"/> operations <c>update 1</c>, <c>delete 1</c> or <c>prune</c> fail.</summary>
    internal void Fail(string operation, int times)
    {
        lock (_gate)
        {
            _faults[operation] = times;
        }
    }

    public ValueTask UpdateAsync(Snapshot snapshot, Item row, CancellationToken cancellation) => Do($"update {row.Id}", () => _content[row.Id] = row);

    public ValueTask DeleteAsync(Snapshot snapshot, Item row, CancellationToken cancellation) => Do($"delete {row.Id}", () => _content.Remove(row.Id));

    public ValueTask PruneAsync(Snapshot snapshot, IReadOnlyCollection<Item> desired, CancellationToken cancellation) => Do("prune", () =>
    {
        var keep = desired.Select(i => i.Id).ToHashSet();
        foreach (var id in _content.Keys.Where(id => !keep.Contains(id)).ToList())
        {
            _content.Remove(id);
        }
    });

    private async ValueTask Do(string operation, Action action)
    {
        if (Before is { } before)
        {
            await before(operation);
        }

        lock (_gate)
        {
            if (_faults.TryGetValue(operation, out var left) && left > 0)
            {
                _faults[operation] = left - 1;
                _log.Add($"{operation} FAILS");
                throw new InvalidOperationException($"injected fault in {operation}");
            }

            _log.Add(operation);
            action();
        }
    }
}
