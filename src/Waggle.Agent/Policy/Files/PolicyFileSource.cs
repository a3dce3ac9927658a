using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Config;
using Waggle.State.Health;
using Waggle.State.Tables;

namespace Waggle.Agent.Policy.Files;

/// <summary>Policies in files of the folder <c>static-cnp-path</c> → table <c>policies</c>: for this node, whatever the API says.</summary>
/// <remarks>
/// A file that cannot be used leaves what it said before in force, and is told by health and log; one that is gone takes its policies
/// along. A folder that cannot be read changes nothing: it may come back.
/// </remarks>
internal sealed partial class PolicyFileSource : BackgroundService
{
    private const int MaxFiles = 1024;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly string[] s_endings = [".yaml", ".yml", ".json"];
    private readonly PolicyTable _table;
    private readonly ConfigState _config;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly HealthReporter _health;
    private readonly TableInitializer _initialized;
    private readonly Dictionary<string, Known> _files = new(StringComparer.Ordinal);
    private string _told = "";
    private bool _first = true;

    public PolicyFileSource(PolicyTable table, ConfigState config, TimeProvider time, HealthRegistry health, ILogger<PolicyFileSource> logger)
    {
        (_table, _config, _time, _logger) = (table, config, time, logger);
        _health = health.For("static-policies");
        _initialized = table.RegisterInitializer("files");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        string folder = _config.Current["static-cnp-path"];
        if (folder.Length == 0)
        {
            _health.Ok("off");
            _initialized.Complete();
            return;
        }

        Look(folder);
        _first = false;
        _initialized.Complete();
        while (true)
        {
            await Task.Delay(Interval, _time, stoppingToken).ConfigureAwait(false);
            Look(folder);
        }
    }

    /// <summary>One look at the folder; the table is written when something changed.</summary>
    private void Look(string folder)
    {
        FileInfo[] present;
        try
        {
            // What a ConfigMap mounts are links to links: the time is that of the file behind them.
            present = [.. new DirectoryInfo(folder).EnumerateFiles().Where(f => f.Name[0] != '.' && s_endings.Contains(f.Extension, StringComparer.OrdinalIgnoreCase)).OrderBy(f => f.Name, StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Tell($"{folder} cannot be read: {e.Message}");
            return;
        }

        bool changed = false;
        string problem = present.Length > MaxFiles ? $"{folder} has {present.Length} files, the first {MaxFiles} count" : "";
        HashSet<string> names = [.. present.Take(MaxFiles).Select(f => f.Name)];
        foreach (string gone in _files.Keys.Where(n => !names.Contains(n)).ToArray())
        {
            changed |= _files[gone].Rows.Count > 0;
            _files.Remove(gone);
        }

        foreach (FileInfo file in present.Take(MaxFiles))
        {
            changed |= Read(file);
            problem = problem.Length > 0 || _files[file.Name].Problem is not { Length: > 0 } wrong ? problem : $"{file.FullName}: {wrong}{(_files[file.Name].Rows.Count > 0 ? "; what it said before stays in force" : "; nothing of it is in force")}";
        }

        if (changed)
        {
            using WriteTransaction transaction = _table.Db.Write(_table);
            transaction.Replace(_table, _files.Values.SelectMany(f => f.Rows), r => r.Source == PolicyFile.Source);
            transaction.Commit();
        }

        Tell(problem);
    }

    /// <summary>True when the file says something else than before.</summary>
    private bool Read(FileInfo file)
    {
        Known before = _files.GetValueOrDefault(file.Name) ?? new Known(default, -1, [], "", default);
        try
        {
            FileInfo real = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
            if (before.Changed == real.LastWriteTimeUtc && before.Length == real.Length)
            {
                return false;
            }

            if (real.Length > PolicyFile.MaxBytes)
            {
                _files[file.Name] = before with { Changed = real.LastWriteTimeUtc, Length = real.Length, Problem = $"larger than {PolicyFile.MaxBytes} bytes" };
                return false;
            }

            // Somebody may be writing: an empty beginning must not take policies away. What was so a look ago is read.
            (DateTime time, long length) = (real.LastWriteTimeUtc, real.Length);
            if (!_first && before.Seen != (time, length))
            {
                _files[file.Name] = before with { Seen = (time, length) };
                return false;
            }

            _files[file.Name] = before with { Changed = time, Length = length };
            IReadOnlyList<PolicyRow> rows = PolicyFile.Read(file.Name, File.ReadAllText(file.FullName), _config.Current.Flag("enable-node-selector-labels"));
            _files[file.Name] = new Known(time, length, rows, "", (time, length));
            LogRead(file.FullName, rows.Count);
            return !rows.SequenceEqual(before.Rows);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            // What cannot be read may be in a moment; what is wrong stays so until the file changes.
            Known now = _files.GetValueOrDefault(file.Name) ?? before;
            _files[file.Name] = now with { Problem = e.Message, Length = e is FormatException ? now.Length : -1 };
            return false;
        }
    }

    private void Tell(string problem)
    {
        if (problem.Length == 0)
        {
            _health.Ok($"{_files.Count} files, {_files.Values.Sum(f => f.Rows.Count)} policies");
        }
        else
        {
            _health.Degraded(problem);
            if (problem != _told)
            {
                LogProblem(problem);
            }
        }

        _told = problem;
    }

    [LoggerMessage(1117, LogLevel.Information, "{File} is read: {Count} policies for this node")]
    private partial void LogRead(string file, int count);

    [LoggerMessage(1118, LogLevel.Warning, "a file of static-cnp-path is not used: {Problem}")]
    private partial void LogProblem(string problem);

    private sealed record Known(DateTime Changed, long Length, IReadOnlyList<PolicyRow> Rows, string Problem, (DateTime, long) Seen);
}
