using Microsoft.Extensions.DependencyInjection;
using Waggle.Hosting.Config;
using Waggle.State.Tables;

namespace Waggle.Agent.Config;

internal static class ConfigServices
{
    public static void AddConfig(this IServiceCollection services, WaggleConfig config, IReadOnlyList<string> refused)
    {
        services.AddSingleton(p => new ConfigState(config, p.GetRequiredService<StateDb>(), refused));
        services.AddHostedService<ConfigSource>();
    }
}
