using System.Threading.Channels;

namespace Waggle.Hubble.Relay;

/// <summary>One node's part of a merged stream: a small buffer between its task and the merge.</summary>
internal sealed class MergeSource<T>(string name, int buffer)
    where T : class
{
    private readonly Channel<(T Item, long Arrived)> _items =
        Channel.CreateBounded<(T, long)>(new BoundedChannelOptions(buffer) { SingleReader = true, SingleWriter = true });

    public string Name { get; } = name;

    /// <summary>Next item, if it was taken out of the buffer already.</summary>
    public T? Head { get; set; }

    /// <summary>Time of the head, ns since 1970.</summary>
    public long HeadNs { get; set; }

    /// <summary>When the head came here, in ticks of the clock.</summary>
    public long HeadArrived { get; set; }

    /// <summary>Since when it has no head, in ticks of the clock.</summary>
    public long EmptySince { get; set; }

    /// <summary>Others do not wait for it any more.</summary>
    public bool Quiet { get; set; }

    public ChannelReader<(T Item, long Arrived)> Reader => _items.Reader;

    public ChannelWriter<(T Item, long Arrived)> Writer => _items.Writer;

    public bool IsOver => Head is null && _items.Reader.Completion.IsCompleted;
}
