namespace Waggle.Lab.Nodes.Logs;

/// <summary>
/// The log of one instance of a container. Two files at most: when the current one has grown to its limit it replaces the
/// older one. Readers see both; one that follows is woken by <see cref="Changed"/>.
/// </summary>
internal sealed class ContainerLog : IDisposable
{
    public const long DefaultMaxBytes = 10 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly long _maxBytes;
    private readonly MemoryStream[] _partial = [new(), new()];
    private FileStream? _file;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _ended;

    /// <param name="path">The current file; the older one has <c>.1</c> at the end. Continued when it exists.</param>
    /// <param name="time">Stamps the lines.</param>
    /// <param name="maxBytes">Size at which a new file begins.</param>
    public ContainerLog(string path, TimeProvider time, long maxBytes = DefaultMaxBytes)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        Path = path;
        _time = time;
        _maxBytes = maxBytes;
        _file = Open();
    }

    public string Path { get; }

    /// <summary>Counts rotations, so that a reader knows that its file has become the older one.</summary>
    public int Rotations { get; private set; }

    /// <summary>Nothing more will be written.</summary>
    public bool Ended
    {
        get
        {
            lock (_gate)
                return _ended;
        }
    }

    /// <summary>Why lines were lost last; null when none were.</summary>
    public string? LastFailure { get; private set; }

    /// <summary>Completes at the next write or at the end. Take it before reading, or a change in between is missed.</summary>
    public Task Changed
    {
        get
        {
            lock (_gate)
                return _changed.Task;
        }
    }

    /// <summary>Adds output as it came, in pieces of any size. Only whole lines, or long parts, reach the file.</summary>
    public void Write(ReadOnlySpan<byte> data, bool error)
    {
        lock (_gate)
        {
            if (_ended)
                return;
            MemoryStream partial = _partial[error ? 1 : 0];
            while (!data.IsEmpty)
            {
                int newline = data.IndexOf((byte)'\n');
                int room = LogLine.MaxText - (int)partial.Length;
                ReadOnlySpan<byte> piece = data[..Math.Min(newline < 0 ? data.Length : newline, room)];
                partial.Write(piece);
                data = data[piece.Length..];
                bool whole = !data.IsEmpty && data[0] == (byte)'\n';
                if (whole)
                    data = data[1..];
                if (whole || partial.Length == LogLine.MaxText)
                    FlushLine(partial, error, part: !whole);
            }
            Wake();
        }
    }

    /// <summary>Ends the log: an unfinished line becomes a line.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_ended)
                return;
            for (int i = 0; i < 2; i++)
            {
                if (_partial[i].Length > 0)
                    FlushLine(_partial[i], i == 1, part: true);
            }
            _ended = true;
            _file?.Dispose();
            _file = null;
            Wake();
        }
    }

    private void FlushLine(MemoryStream partial, bool error, bool part)
    {
        byte[] line = LogLine.Format(_time.GetUtcNow(), error, part, partial.GetBuffer().AsSpan(0, (int)partial.Length));
        partial.SetLength(0);
        try
        {
            if (_file is not null && _file.Length + line.Length > _maxBytes)
                Rotate();
            _file ??= Open();
            _file.Write(line);
            _file.Flush();
            LastFailure = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk must not stop the container; its output goes on to whoever is attached.
            LastFailure = e.Message;
        }
    }

    private void Rotate()
    {
        _file!.Dispose();
        _file = null;
        File.Move(Path, Path + ".1", overwrite: true);
        Rotations++;
    }

    private FileStream Open() => new(Path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    private void Wake()
    {
        TaskCompletionSource woken = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        woken.TrySetResult();
        if (_ended)
            _changed.TrySetResult();
    }
}
