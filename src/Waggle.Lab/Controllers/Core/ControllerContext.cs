using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Kube.Events;
using Waggle.Kube.Informers;

namespace Waggle.Lab.Controllers;

/// <summary>What the controllers share: the client, one informer per resource type, the clock.</summary>
public sealed class ControllerContext(KubeClient client, ILoggerFactory loggers, TimeProvider? time = null)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Shared> _informers = [];
    private bool _running;

    public KubeClient Client { get; } = client;

    public ILoggerFactory Loggers { get; } = loggers;

    public TimeProvider Time { get; } = time ?? TimeProvider.System;

    /// <summary>The shared informer of a type in all namespaces. Ask for it in a constructor: it starts when the manager runs.</summary>
    public Informer<T> Informer<T>(ResourceType<T> type)
        where T : class
    {
        lock (_gate)
        {
            var name = $"{type.Plural}.{type.Group}";
            if (_informers.TryGetValue(name, out var known))
            {
                return (Informer<T>)known.Informer;
            }

            if (_running)
            {
                throw new InvalidOperationException($"The informer of {name} is asked for after the start.");
            }

            var informer = new Informer<T>(Client, type, new() { Time = Time }, Loggers.CreateLogger<Informer<T>>());
            _informers[name] = new(informer, informer.RunAsync);
            return informer;
        }
    }

    /// <summary>A recorder of Events under the controller's name.</summary>
    public EventRecorder Events(string component) => new(Client, component, time: Time);

    /// <summary>Runs all informers asked for so far.</summary>
    internal Task RunInformersAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            _running = true;
            return Task.WhenAll(_informers.Values.Select(i => i.Run(cancellation)));
        }
    }

    private sealed record Shared(object Informer, Func<CancellationToken, Task> Run);
}
