using Microsoft.Extensions.DependencyInjection;
using Waggle.Agent.Api;
using Waggle.Agent.Hubble;
using Waggle.Agent.Monitor;
using Waggle.Agent.Policy.Audit;
using Waggle.Agent.Policy.Files;
using Waggle.Agent.Startup;
using Waggle.Hosting.Metrics;

namespace Waggle.Agent.Policy;

internal static class PolicyServices
{
    public static void AddPolicy(this IServiceCollection services)
    {
        services.AddSingleton<PolicyTable>();
        services.AddSingleton<CidrGroupTable>();
        services.AddSingleton<PolicyServiceTable>();
        services.AddSingleton<PolicySubjectTable>();
        services.AddSingleton<PolicyStatusTable>();
        services.AddSingleton<PolicySubjects>();
        services.AddSingleton<IPolicyMaps, PolicyMaps>();
        services.AddSingleton<PolicyCounts>();
        services.AddSingleton<IMetricsSource>(p => p.GetRequiredService<PolicyCounts>());
        services.AddSingleton<RuleNames>();
        services.AddSingleton<IRuleNames>(p => p.GetRequiredService<RuleNames>());
        services.AddSingleton<IApiRoutes, PolicyRoutes>();
        services.AddSingleton<AuditStore>();
        services.AddSingleton<IEventTap, AuditTap>();
        services.AddSingleton<AuditLosses>();
        services.AddHostedService(p => p.GetRequiredService<AuditLosses>());
        services.AddSingleton<IApiRoutes, AuditRoutes>();
        services.AddSingleton<IdentityPorts>();
        services.AddHostedService(p => p.GetRequiredService<IdentityPorts>());
        services.AddHostedService<CidrGroupSource>();
        services.AddHostedService<ServiceSource>();
        services.AddHostedService<PolicySource>();
        services.AddHostedService<PolicyFileSource>();
        services.AddSingleton<PolicyStatusTarget>();
        services.AddReconciler<string, PolicyStatusRow, PolicyStatusTable, PolicyStatusTarget>("api", r => r.Policy);
        services.AddSingleton<PolicyLoop>();
        services.AddHostedService(p => p.GetRequiredService<PolicyLoop>());
    }
}
