using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>Turns one reply message into an object; null skips it.</summary>
internal delegate T? ReplyParser<out T>(ushort type, ReadOnlySpan<byte> payload)
    where T : class;

/// <summary>A request that waits for its replies.</summary>
internal abstract class PendingRequest(string operation, string? target)
{
    protected TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends with the acknowledgement, the end of the dump or the error.</summary>
    internal Task Completion => Done.Task;

    /// <summary>Set when the kernel says that the table changed while it was dumped.</summary>
    internal bool Interrupted { get; set; }

    internal string Operation { get; } = operation;

    internal string? Target { get; } = target;

    internal abstract void OnReply(ushort type, ReadOnlySpan<byte> payload);

    internal void Complete() => Done.TrySetResult();

    internal void Fail(Exception exception) => Done.TrySetException(exception);

    internal void Fail(Errno errno, string? text, int? offset) =>
        Fail(new NetlinkException(Operation, Target, errno, text, offset, text is null ? ErrnoText.Hint(errno) : null));
}

/// <summary>Collects what the parser makes of the replies.</summary>
internal sealed class PendingRequest<T>(string operation, string? target, ReplyParser<T>? parser) : PendingRequest(operation, target)
    where T : class
{
    internal List<T> Items { get; } = [];

    internal override void OnReply(ushort type, ReadOnlySpan<byte> payload)
    {
        if (parser?.Invoke(type, payload) is { } item)
            Items.Add(item);
    }
}
