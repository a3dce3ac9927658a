using Microsoft.Extensions.DependencyInjection;
using Waggle.Hosting.Config;
using Waggle.State.Tables;

namespace Waggle.Agent.Config;

internal static class ConfigServices
{
    public static void AddConfig(this IServiceCollection services, WaggleConfig config)
    {
        services.AddSingleton(p => new ConfigState(config, p.GetRequiredService<StateDb>()));
        services.AddHostedService<ConfigSource>();
    }
}
