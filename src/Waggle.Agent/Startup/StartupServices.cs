using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Hosting.Metrics;
using Waggle.State.Health;
using Waggle.State.Reconciling;
using Waggle.State.Tables;

namespace Waggle.Agent.Startup;

internal static class StartupServices
{
    public static void AddFoundation(this IServiceCollection services)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<StateDb>();
        services.AddSingleton<HealthRegistry>();
        services.AddSingleton<Readiness>();
        services.AddSingleton<IMetricsSource, ProcessMetrics>();
        services.AddSingleton<ReconcilerList>();
        services.AddSingleton<IMetricsSource>(p => p.GetRequiredService<ReconcilerList>());
        services.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
    }

    public static void AddStartup(this IServiceCollection services)
    {
        services.AddSingleton<EndpointInitializer>();
        services.AddHostedService<AgentStartup>();
    }

    /// <summary>A reconciler of a table, run as a service from the moment <paramref name="start"/> completes.</summary>
    public static void AddReconciler<TKey, TRow, TTable, TTarget>(this IServiceCollection services, string name, Func<Readiness, Task> start)
        where TKey : notnull
        where TRow : class
        where TTable : Table<TKey, TRow>
        where TTarget : class, IReconcilerTarget<TRow>
    {
        services.AddSingleton<IHostedService>(p =>
        {
            var service = new ReconcilerService<TKey, TRow>(
                p.GetRequiredService<TTable>(), p.GetRequiredService<TTarget>(), new ReconcilerOptions { Name = name, MaxBackoff = TimeSpan.FromSeconds(15) }, start(p.GetRequiredService<Readiness>()),
                p.GetRequiredService<HealthRegistry>(), p.GetRequiredService<ILoggerFactory>());
            p.GetRequiredService<ReconcilerList>().Add($"{service.Reconciler.Status.Name}", service.Reconciler.Metrics);
            return service;
        });
    }
}
