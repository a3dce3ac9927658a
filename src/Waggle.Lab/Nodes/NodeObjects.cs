using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Kube.Informers;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Nodes;

/// <summary>The ConfigMaps and Secrets that pods may refer to, kept in memory; one copy serves all nodes of a lab.</summary>
public sealed class NodeObjects
{
    private readonly Informer<ConfigMap> _configMaps;
    private readonly Informer<Secret> _secrets;

    public NodeObjects(KubeClient client, ILoggerFactory loggers)
    {
        _configMaps = new Informer<ConfigMap>(client, KubeTypes.ConfigMaps, null, loggers.CreateLogger<Informer<ConfigMap>>());
        _secrets = new Informer<Secret>(client, KubeTypes.Secrets, null, loggers.CreateLogger<Informer<Secret>>());
        _configMaps.OnChange(change => Changed?.Invoke(change.Object.Key));
        _secrets.OnChange(change => Changed?.Invoke(change.Object.Key));
    }

    /// <summary>An object with this namespace and name has changed. Called on the watcher's loop: be short.</summary>
    public event Action<ObjectKey>? Changed;

    /// <summary>Completes when both kinds have been read.</summary>
    public Task Synced => Task.WhenAll(_configMaps.Synced, _secrets.Synced);

    public ConfigMap? ConfigMap(string @namespace, string name) => _configMaps.Find(@namespace, name);

    public Secret? Secret(string @namespace, string name) => _secrets.Find(@namespace, name);

    public Task RunAsync(CancellationToken cancellation) => Task.WhenAll(_configMaps.RunAsync(cancellation), _secrets.RunAsync(cancellation));
}
