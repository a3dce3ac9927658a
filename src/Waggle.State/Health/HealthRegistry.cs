using Waggle.State.Tables;

namespace Waggle.State.Health;

public enum HealthLevel
{
    /// <summary>Works.</summary>
    Ok,

    /// <summary>Works partly, or fails and tries again.</summary>
    Degraded,

    /// <summary>Has ended and will not come back by itself.</summary>
    Stopped,
}

/// <param name="Module">Slash-separated path, e.g. <c>reconciler/endpoints</c>.</param>
/// <param name="Level">How it stands.</param>
/// <param name="Message">For people: what is wrong, with which object, what to do.</param>
/// <param name="Since">Since when the level is this.</param>
/// <param name="Failures">Reports worse than ok so far.</param>
public sealed record HealthStatus(string Module, HealthLevel Level, string Message, DateTimeOffset Since, long Failures);

/// <summary>How every module stands, as the table <c>health</c>.</summary>
public sealed class HealthRegistry
{
    private readonly TimeProvider _time;

    public HealthRegistry(StateDb db, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        Table = new(
            db,
            "health",
            h => h.Module,
            [
                new("MODULE", h => h.Module),
                new("LEVEL", h => h.Level.ToString()),
                new("SINCE", h => h.Since.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture)),
                new("FAILURES", h => h.Failures.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                new("MESSAGE", h => h.Message),
            ]);
    }

    public Table<string, HealthStatus> Table { get; }

    /// <summary>The worst level of any module; ok when there is none.</summary>
    public HealthLevel Overall => Table.View.All().Select(h => h.Level).DefaultIfEmpty(HealthLevel.Ok).Max();

    /// <summary>A reporter for one module.</summary>
    public HealthReporter For(string module) => new(this, module);

    internal void Report(string module, HealthLevel level, string message)
    {
        using var transaction = Table.Db.Write(Table);
        var old = transaction.View(Table).Find(module);
        var since = old?.Level == level ? old.Since : _time.GetUtcNow();
        transaction.Upsert(Table, new HealthStatus(module, level, message, since, (old?.Failures ?? 0) + (level == HealthLevel.Ok ? 0 : 1)));
        transaction.Commit();
    }

    internal void Remove(string module) => Table.Delete(module);
}

/// <summary>Reports the health of one module. Thread-safe.</summary>
public sealed class HealthReporter
{
    private readonly HealthRegistry _registry;

    internal HealthReporter(HealthRegistry registry, string module)
    {
        _registry = registry;
        Module = module;
    }

    public string Module { get; }

    public void Ok(string message = "") => _registry.Report(Module, HealthLevel.Ok, message);

    public void Degraded(string message) => _registry.Report(Module, HealthLevel.Degraded, message);

    public void Stopped(string message) => _registry.Report(Module, HealthLevel.Stopped, message);

    /// <summary>The module no longer exists.</summary>
    public void Remove() => _registry.Remove(Module);
}
