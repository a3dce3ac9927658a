namespace Waggle.Hubble.Relay;

/// <summary>
/// One node's part of a merged stream: a bounded queue of batches between its task and the merge. What it holds is counted in messages
/// and bytes; one batch always fits.
/// </summary>
/// <param name="name">The node.</param>
/// <param name="buffer">Messages that may wait.</param>
internal sealed class MergeSource(string name, int buffer)
{
    private const int MaxBytes = 1 << 20;
    private readonly Lock _lock = new();
    private readonly Queue<RelayBatch> _batches = new();
    private TaskCompletionSource? _room;
    private int _items;
    private int _bytes;
    private bool _complete;
    private RelayBatch? _batch;
    private int _index;

    public string Name { get; } = name;

    /// <summary>Whether there is a message to take.</summary>
    public bool HasHead => _batch is not null;

    /// <summary>The message to take.</summary>
    public ReadOnlySpan<byte> Head => _batch!.Message(_index);

    public bool HeadIsFlow => _batch!.IsFlow(_index);

    /// <summary>Time of the head, ns since 1970.</summary>
    public long HeadNs => _batch!.TimeNs(_index);

    /// <summary>When the head came here, in ticks of the clock.</summary>
    public long HeadArrived => _batch!.Arrived;

    /// <summary>Since when it has no head, in ticks of the clock.</summary>
    public long EmptySince { get; set; }

    /// <summary>Whether the client was told that it is connected.</summary>
    public bool Announced { get; set; }

    /// <summary>Others do not wait for it any more.</summary>
    public bool Quiet { get; set; }

    public bool IsOver
    {
        get
        {
            lock (_lock)
            {
                return _batch is null && _complete && _batches.Count == 0;
            }
        }
    }

    /// <summary>Hands a batch over, by the source's own task; null: done, else what ends when it is worth trying again.</summary>
    public Task? TryPut(RelayBatch batch)
    {
        lock (_lock)
        {
            if (_items > 0 && (_items + batch.Count > buffer || _bytes + batch.Length > MaxBytes))
            {
                _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return _room.Task;
            }

            _batches.Enqueue(batch);
            _items += batch.Count;
            _bytes += batch.Length;
            return null;
        }
    }

    /// <summary>Nothing more comes.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            _complete = true;
        }
    }

    /// <summary>Goes on to the next message, by the reader of the merge; false: none is here.</summary>
    public bool Next()
    {
        if (_batch is not null)
        {
            if (++_index < _batch.Count)
            {
                return true;
            }

            Release();
        }

        lock (_lock)
        {
            return _batches.TryDequeue(out _batch);
        }
    }

    /// <summary>Gives the buffers back; both sides must have ended.</summary>
    public void Clear()
    {
        Release();
        lock (_lock)
        {
            while (_batches.TryDequeue(out var batch))
            {
                batch.Dispose();
            }
        }
    }

    private void Release()
    {
        if (_batch is null)
        {
            return;
        }

        TaskCompletionSource? room;
        lock (_lock)
        {
            _items -= _batch.Count;
            _bytes -= _batch.Length;
            (room, _room) = (_room, null);
        }

        _batch.Dispose();
        (_batch, _index) = (null, 0);
        room?.TrySetResult();
    }
}
