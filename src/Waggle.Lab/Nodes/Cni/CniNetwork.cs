namespace Waggle.Lab.Nodes.Cni;

/// <summary>The node's CNI configuration as it is now: read when files change, with a wait for the first one.</summary>
internal sealed class CniNetwork : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly string _directory;
    private readonly Action<string, string> _invalid;
    private readonly FileSystemWatcher _watcher;
    private readonly Timer _timer;
    private readonly Lock _gate = new();
    private TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CniConfiguration? _current;

    /// <param name="directory">The node's /etc/cni/net.d, as the machine sees it.</param>
    /// <param name="invalid">Told of files that are no configuration: path and reason.</param>
    public CniNetwork(string directory, Action<string, string> invalid)
    {
        _directory = directory;
        _invalid = invalid;
        _watcher = new FileSystemWatcher(directory) { EnableRaisingEvents = true };
        _watcher.Created += (_, _) => Refresh();
        _watcher.Changed += (_, _) => Refresh();
        _watcher.Renamed += (_, _) => Refresh();
        _watcher.Deleted += (_, _) => Refresh();
        // inotify instances are few on some machines: never rely on them alone.
        _timer = new Timer(_ => Refresh(), null, TimeSpan.Zero, Interval);
    }

    /// <summary>Raised when the network becomes ready or unready.</summary>
    public event Action? Changed;

    public CniConfiguration? Current
    {
        get
        {
            lock (_gate)
                return _current;
        }
    }

    /// <summary>Completes when there is a configuration.</summary>
    public Task Ready
    {
        get
        {
            lock (_gate)
                return _ready.Task;
        }
    }

    public void Refresh()
    {
        CniConfiguration? found;
        try
        {
            found = CniConfiguration.Find(_directory, _invalid);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return;
        }
        bool changed;
        lock (_gate)
        {
            changed = found is null != _current is null;
            _current = found;
            if (found is not null)
                _ready.TrySetResult();
            else if (_ready.Task.IsCompleted)
                _ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        if (changed)
            Changed?.Invoke();
    }

    public void Dispose()
    {
        _watcher.Dispose();
        _timer.Dispose();
    }
}
