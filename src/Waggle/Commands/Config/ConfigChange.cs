using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Hosting.Config;
using Waggle.Kube.Client;

namespace Waggle.Commands.Config;

/// <summary>Writes one key and makes the running pods use it.</summary>
internal sealed class ConfigChange(KubeClient client, string @namespace, Terminal terminal)
{
    /// <param name="value">Null removes the key.</param>
    /// <param name="restart">Restart the pods when the key asks for it.</param>
    public async Task<ExitCode> ApplyAsync(ConfigKey key, string? value, bool restart, TimeSpan wait, CancellationToken cancellation)
    {
        var before = await ConfigSource.ReadAsync(client, @namespace, cancellation).ConfigureAwait(false);
        terminal.Out.WriteLine(value is null
            ? $"✨ Patching ConfigMap {ConfigCommands.MapName}, removing {key.Name}..."
            : $"✨ Patching ConfigMap {ConfigCommands.MapName} with {key.Name}={value}...");
        terminal.Out.Flush();
        var patch = KubePatch.Merge(new JsonObject { ["data"] = new JsonObject { [key.Name] = value } });
        await client.PatchAsync(KubeTypes.ConfigMaps, @namespace, ConfigCommands.MapName, patch, cancellation: cancellation).ConfigureAwait(false);

        var same = before.GetValueOrDefault(key.Name, key.Default) == (value ?? key.Default);
        if (key.RuntimeChangeable)
        {
            terminal.Out.WriteLine("♻️  Running Cilium pods pick it up, no restart needed");
            return ExitCode.Ok;
        }

        if (same)
        {
            terminal.Note("the value is the same as before: nothing restarts");
            return ExitCode.Ok;
        }

        if (!restart)
        {
            terminal.Note($"{key.Name} takes effect when the pods restart: kubectl -n {@namespace} rollout restart ds/cilium deploy/cilium-operator");
            return ExitCode.Ok;
        }

        return await new PodRestart(client, @namespace, terminal).RunAsync(wait, cancellation).ConfigureAwait(false);
    }
}
