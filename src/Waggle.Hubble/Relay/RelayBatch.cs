using System.Buffers;

namespace Waggle.Hubble.Relay;

/// <summary>Some messages of one node in the order they came, as the bytes that they are sent on with. Buffers are pooled.</summary>
internal sealed class RelayBatch : IDisposable
{
    /// <summary>Messages in one batch at most.</summary>
    public const int MaxItems = 64;

    private const int FirstBytes = 4096;
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(FirstBytes);
    private Item[] _items = ArrayPool<Item>.Shared.Rent(MaxItems);

    /// <summary>Messages in it.</summary>
    public int Count { get; private set; }

    /// <summary>Their bytes.</summary>
    public int Length { get; private set; }

    /// <summary>Latest time that stands in a message, ns since 1970; 0: none does.</summary>
    public long LatestNs { get; set; }

    /// <summary>When it was handed over, in ticks of the clock.</summary>
    public long Arrived { get; set; }

    public bool IsFull => Count == MaxItems || Length >= 64 << 10;

    public ReadOnlySpan<byte> Message(int index) => _bytes.AsSpan(_items[index].Start, _items[index].Length);

    public long TimeNs(int index) => _items[index].TimeNs;

    public bool IsFlow(int index) => _items[index].IsFlow;

    public void Add(ReadOnlySpan<byte> message, long timeNs, bool isFlow)
    {
        if (_bytes.Length - Length < message.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Length + message.Length, 4 * _bytes.Length));
            _bytes.AsSpan(0, Length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }

        message.CopyTo(_bytes.AsSpan(Length));
        _items[Count++] = new Item(Length, message.Length, timeNs, isFlow);
        Length += message.Length;
    }

    public void Dispose()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            ArrayPool<Item>.Shared.Return(_items);
            (_bytes, _items, Count, Length) = ([], [], 0, 0);
        }
    }

    private readonly record struct Item(int Start, int Length, long TimeNs, bool IsFlow);
}
