namespace Waggle.Lab.ApiServer;

/// <summary>The store cannot be opened or written; the message names the file and what to do.</summary>
public sealed class StoreException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The disk under the journal has no space: nothing was changed, and reads go on.</summary>
internal sealed class StoreFullException(string path, Exception inner)
    : Exception($"the disk under the API server's journal is full ({path}): the write was refused and nothing was changed; free some space and try again", inner);

/// <summary>The object is not at the revision the writer built upon.</summary>
internal sealed class RevisionConflictException(StoredObject? actual) : Exception("the object has changed")
{
    /// <summary>The newest state; null when it does not exist.</summary>
    public StoredObject? Actual { get; } = actual;
}
