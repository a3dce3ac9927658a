using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Waggle.Lab.ApiServer;

/// <summary>What the files of the store said at start.</summary>
internal sealed record RecoveredState(long Revision, Dictionary<string, ImmutableSortedSet<StoredObject>> Resources);

/// <summary>
/// The files of the store: <c>journal-N.log</c> (frames, appended and synced) and <c>snapshot-N.dat</c> (everything that
/// happened before journal N). Recovery loads the newest whole snapshot and replays the journals from its number on.
/// </summary>
internal sealed class Journal : IDisposable
{
    private const int ErrnoNoSpace = 28;
    private const int ErrnoQuota = 122;

    private readonly StoreOptions _options;
    private readonly ILogger _logger;
    private readonly ArrayBufferWriter<byte> _buffer = new(64 * 1024);
    private SafeFileHandle _file;
    private string _path;
    private long _length;
    private int _number;
    private Task _snapshot = Task.CompletedTask;

    private Journal(StoreOptions options, ILogger logger, int number, SafeFileHandle file, string path, long length)
    {
        _options = options;
        _logger = logger;
        _number = number;
        _file = file;
        _path = path;
        _length = length;
    }

    /// <summary>Bytes in the current journal file.</summary>
    public long Size => _length;

    /// <exception cref="StoreException">A file cannot be read, or is damaged before its end.</exception>
    public static (Journal, RecoveredState) Recover(StoreOptions options, ILogger logger)
    {
        try
        {
            Directory.CreateDirectory(options.Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var (state, number, length) = JournalRecovery.Read(options.Directory, logger);
            var path = PathOf(options.Directory, number);
            var file = Open(path);
            // An unfinished write at the end would otherwise end up between two whole frames.
            if (RandomAccess.GetLength(file) > length)
            {
                RandomAccess.SetLength(file, length);
                RandomAccess.FlushToDisk(file);
            }
            return (new Journal(options, logger, number, file, path, length), state);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"the API server's store in {options.Directory} cannot be opened: {e.Message}", e);
        }
    }

    /// <summary>Writes the changes as one frame and syncs it. On failure the file is as before.</summary>
    /// <exception cref="StoreFullException">No space.</exception>
    /// <exception cref="IOException">Another error of the disk.</exception>
    public void Append(IReadOnlyList<StoreChange> changes)
    {
        _buffer.ResetWrittenCount();
        _buffer.GetSpan(JournalFormat.HeaderSize)[..JournalFormat.HeaderSize].Clear();
        _buffer.Advance(JournalFormat.HeaderSize);
        foreach (var change in changes)
        {
            JournalFormat.WriteRecord(_buffer, change.Kind, change.Resource, change.Current);
        }
        var frame = _buffer.WrittenSpan.ToArray();
        JournalFormat.WriteHeader(frame);
        try
        {
            RandomAccess.Write(_file, frame, _length);
            _options.Sync(_file);
            _length += frame.Length;
        }
        catch (IOException e)
        {
            // What was written of the frame is cut off, so that the next frame follows a whole one.
            RandomAccess.SetLength(_file, _length);
            var errno = e.HResult & 0xffff;
            if (errno is ErrnoNoSpace or ErrnoQuota || e.Message.Contains("No space left", StringComparison.Ordinal))
            {
                throw new StoreFullException(_path, e);
            }
            throw;
        }
    }

    /// <summary>Starts the next journal file and writes a snapshot of everything before it in the background.</summary>
    public void Rotate(long revision, Dictionary<string, ImmutableSortedSet<StoredObject>> resources)
    {
        if (!_snapshot.IsCompleted)
        {
            return;
        }
        var next = _number + 1;
        SafeFileHandle file;
        try
        {
            file = Open(PathOf(_options.Directory, next));
        }
        catch (IOException e)
        {
            _logger.SnapshotFailed(e);
            return;
        }
        _file.Dispose();
        (_file, _path, _length, _number) = (file, PathOf(_options.Directory, next), 0, next);
        _snapshot = Task.Run(() =>
        {
            try
            {
                SnapshotFile.Write(_options.Directory, next, revision, resources);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The older journals stay until a later snapshot succeeds: nothing is lost.
                _logger.SnapshotFailed(e);
            }
        });
    }

    public void Dispose()
    {
        _snapshot.Wait();
        _file.Dispose();
    }

    public static string PathOf(string directory, int number) =>
        Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"journal-{number:d8}.log"));

    private static SafeFileHandle Open(string path)
    {
        if (!File.Exists(path))
        {
            using (new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            {
            }
            SnapshotFile.SyncDirectory(Path.GetDirectoryName(path)!);
        }
        return File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
    }
}
