using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.State.Health;
using Waggle.State.Reconciling;
using Waggle.State.Tables;

namespace Waggle.Agent.Startup;

/// <summary>Runs one reconciler from the moment its target can be written.</summary>
internal sealed class ReconcilerService<TKey, TRow>(Table<TKey, TRow> table, IReconcilerTarget<TRow> target, ReconcilerOptions options, Task start, HealthRegistry health, ILoggerFactory logs) : BackgroundService
    where TKey : notnull
    where TRow : class
{
    public Reconciler<TKey, TRow> Reconciler { get; } = new(table, target, options, health, logs.CreateLogger($"reconciler.{table.Name}.{options.Name}"));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await start.WaitAsync(stoppingToken).ConfigureAwait(false);
        await Reconciler.RunAsync(stoppingToken).ConfigureAwait(false);
    }
}
