using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Hosting;
using Waggle.Agent.Identities;
using Waggle.Agent.Kubernetes;
using Waggle.Policy.Compile;
using Waggle.Policy.Labels;
using Waggle.State.Tables;

namespace Waggle.Agent.Policy;

/// <summary>A Service as rules with <c>toServices</c> see it.</summary>
public sealed record PolicyServiceRow(PolicyService Service, string Text)
{
    public string Key => $"{Service.Namespace}/{Service.Name}";

    public bool Equals(PolicyServiceRow? other) => other is not null && Key == other.Key && Text == other.Text;

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);
}

/// <summary>Table <c>policy-services</c>.</summary>
public sealed class PolicyServiceTable(StateDb db) : Table<string, PolicyServiceRow>(db, "policy-services", r => r.Key, [new("Service", r => r.Key), new("Selects", r => r.Text)]);

/// <summary>Services and EndpointSlices → table <c>policy-services</c>.</summary>
internal sealed class ServiceSource(KubeSources kube, PolicyServiceTable table) : IHostedService
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PolicyService> _services = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, ImmutableArray<IPAddress>>> _slices = new(StringComparer.Ordinal);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        kube.Services.OnChange(change =>
        {
            JsonObject o = change.Object;
            string @namespace = (string?)o["metadata"]?["namespace"] ?? "", name = (string?)o["metadata"]?["name"] ?? "", key = $"{@namespace}/{name}";
            lock (_lock)
            {
                if (change.IsDeleted)
                {
                    _services.Remove(key);
                }
                else
                {
                    _services[key] = new PolicyService
                    {
                        Namespace = @namespace, Name = name,
                        Labels = LabelSet.Of(Texts(o["metadata"]?["labels"]).Select(l => new Label(Label.KubernetesSource, l.Key, l.Value))),
                        Selector = o["spec"]?["selector"] is JsonObject { Count: > 0 } selector ? ImmutableDictionary.CreateRange(Texts(selector)) : null,
                    };
                }

                Publish(key);
            }
        });
        kube.EndpointSlices.OnChange(change =>
        {
            JsonObject o = change.Object;
            if ((string?)o["metadata"]?["labels"]?["kubernetes.io/service-name"] is not { } service)
            {
                return;
            }

            string key = $"{(string?)o["metadata"]?["namespace"]}/{service}", name = (string?)o["metadata"]?["name"] ?? "";
            lock (_lock)
            {
                if (!_slices.TryGetValue(key, out Dictionary<string, ImmutableArray<IPAddress>>? slices))
                {
                    _slices[key] = slices = new Dictionary<string, ImmutableArray<IPAddress>>(StringComparer.Ordinal);
                }

                if (change.IsDeleted)
                {
                    slices.Remove(name);
                }
                else
                {
                    slices[name] = [.. ApiServerSource.AddressesOf(o).Select(IPAddress.Parse)];
                }

                if (slices.Count == 0)
                {
                    _slices.Remove(key);
                }

                Publish(key);
            }
        });
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Publish(string key)
    {
        if (!_services.TryGetValue(key, out PolicyService? service))
        {
            table.Delete(key);
            return;
        }

        // Pods behind a selector are known by their labels; only others count by address.
        ImmutableArray<IPAddress> backends = service.Selector is null && _slices.TryGetValue(key, out var slices) ? [.. slices.Values.SelectMany(s => s).Distinct().OrderBy(a => a.ToString(), StringComparer.Ordinal)] : [];
        string selects = service.Selector is null ? string.Join(" ", backends) : string.Join(",", service.Selector.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => $"{s.Key}={s.Value}"));
        table.Upsert(new PolicyServiceRow(service with { Backends = backends }, $"{selects} {service.Labels}"));
    }

    private static IEnumerable<KeyValuePair<string, string>> Texts(JsonNode? node) =>
        (node as JsonObject ?? []).Select(p => KeyValuePair.Create(p.Key, p.Value is JsonValue v && v.TryGetValue(out string? text) ? text : ""));
}
