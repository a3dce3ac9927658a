namespace Waggle.Agent.Slots;

/// <summary>Gives out indexes of the multicast slot map: one for every local endpoint and every other node. Thread-safe.</summary>
/// <remarks>A freed slot rests as long as possible, so that late packets and rows of its last owner meet nobody.</remarks>
public sealed class SlotAllocator(int size)
{
    private readonly Lock _lock = new();
    private readonly HashSet<int> _taken = [];
    private int _next;

    /// <exception cref="InvalidOperationException">All are taken: more endpoints and nodes than the datapath has room for.</exception>
    public int Take()
    {
        lock (_lock)
        {
            if (_taken.Count >= size)
            {
                throw new InvalidOperationException($"all {size} slots for endpoints and nodes are taken");
            }

            while (!_taken.Add(_next))
            {
                _next = (_next + 1) % size;
            }

            int slot = _next;
            _next = (_next + 1) % size;
            return slot;
        }
    }

    /// <summary>Marks a slot that was given before a restart. False when somebody has it.</summary>
    public bool Claim(int slot)
    {
        lock (_lock)
        {
            return slot >= 0 && slot < size && _taken.Add(slot);
        }
    }

    public void Release(int slot)
    {
        lock (_lock)
        {
            _taken.Remove(slot);
        }
    }
}
