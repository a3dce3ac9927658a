using System.Globalization;
using Microsoft.Extensions.Hosting;
using Waggle.Agent.Kubernetes;
using Waggle.Kube.Resources;
using Waggle.Policy.Rules;
using Signal = Waggle.Hosting.Loops.Signal;

namespace Waggle.Agent.Policy;

/// <summary>Which names the pods of an identity give to ports: CiliumEndpoints say so. For egress rules with named ports.</summary>
internal sealed class IdentityPorts(KubeSources kube) : IHostedService
{
    private readonly Lock _lock = new();
    private readonly Dictionary<uint, Dictionary<NamedPort, int>> _ports = [];
    private readonly HashSet<uint> _changed = [];

    public Signal Changed { get; } = new();

    public IReadOnlyCollection<NamedPort> Of(uint identity)
    {
        lock (_lock)
        {
            return _ports.TryGetValue(identity, out Dictionary<NamedPort, int>? ports) ? [.. ports.Keys] : [];
        }
    }

    /// <summary>Identities whose names changed since the last question.</summary>
    public HashSet<uint> TakeChanged()
    {
        lock (_lock)
        {
            HashSet<uint> taken = [.. _changed];
            _changed.Clear();
            return taken;
        }
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        kube.CiliumEndpoints.OnChange(change =>
        {
            if (change.Old is { Status.NamedPorts.Count: > 0 } || change.New is { Status.NamedPorts.Count: > 0 })
            {
                lock (_lock)
                {
                    Add(change.New, 1);
                    Add(change.Old, -1);
                }

                Changed.Set();
            }
        });
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Add(CiliumEndpoint? endpoint, int by)
    {
        if (endpoint?.Status.Identity is not { } identity)
        {
            return;
        }

        uint id = (uint)identity.Id;
        if (!_ports.TryGetValue(id, out Dictionary<NamedPort, int>? ports))
        {
            _ports[id] = ports = [];
        }

        foreach (NamedPort port in NamedPorts.Parse(endpoint.Status.NamedPorts.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Name}={p.Protocol}/{p.Port}"))))
        {
            int before = ports.GetValueOrDefault(port), now = before + by;
            if (now <= 0)
            {
                ports.Remove(port);
            }
            else
            {
                ports[port] = now;
            }

            if (before == 0 != (now <= 0))
            {
                _changed.Add(id);
            }
        }

        if (ports.Count == 0)
        {
            _ports.Remove(id);
        }
    }
}
