using System.Runtime.CompilerServices;

namespace Waggle.Hubble.Filters;

/// <summary>
/// Remembers answers about immutable objects that come again with every flow (endpoints, nodes): a small table by object identity.
/// Threads may overwrite each other's entries; an entry is immutable, so an answer is always the right one.
/// </summary>
internal sealed class Memo<T>(Func<T, bool> question)
    where T : class
{
    private const int Size = 2048;
    private readonly Entry?[] _entries = new Entry?[Size];

    public bool Ask(T about)
    {
        ref var slot = ref _entries[RuntimeHelpers.GetHashCode(about) & (Size - 1)];
        var entry = Volatile.Read(ref slot);
        if (entry is null || !ReferenceEquals(entry.About, about))
        {
            entry = new Entry(about, question(about));
            Volatile.Write(ref slot, entry);
        }

        return entry.Answer;
    }

    private sealed record Entry(T About, bool Answer);
}
