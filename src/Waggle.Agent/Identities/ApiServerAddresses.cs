using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Hosting;
using Waggle.Agent.Kubernetes;
using Waggle.State.Tables;

namespace Waggle.Agent.Identities;

/// <summary>An address at which the API server answers.</summary>
/// <param name="Source"><c>endpoints</c>: the Service kubernetes; <c>connection</c>: what this agent talks to.</param>
public sealed record ApiServerRow(string Address, string Source);

/// <summary>Table <c>apiserver-addresses</c>.</summary>
public sealed class ApiServerTable(StateDb db) : Table<string, ApiServerRow>(db, "apiserver-addresses", r => r.Address, [new("Address", r => r.Address), new("Source", r => r.Source)])
{
    /// <summary>True when the API server answers at <paramref name="address"/>.</summary>
    public bool Contains(IPAddress address) => View.Find(address.ToString()) is not null;
}

/// <summary>EndpointSlices of Service default/kubernetes, and the agent's own connection → table <c>apiserver-addresses</c>.</summary>
internal sealed class ApiServerSource(KubeSources kube, ApiServerTable table) : IHostedService
{
    private ImmutableDictionary<string, IReadOnlyList<string>> _slices = ImmutableDictionary<string, IReadOnlyList<string>>.Empty;
    private string _clusterIp = "";

    public Task StartAsync(CancellationToken cancellationToken)
    {
        kube.EndpointSlices.OnChange(change =>
        {
            JsonObject slice = change.Object;
            if ((string?)slice["metadata"]?["namespace"] != "default" || (string?)slice["metadata"]?["labels"]?["kubernetes.io/service-name"] != "kubernetes")
            {
                return;
            }

            string name = (string?)slice["metadata"]?["name"] ?? "";
            _slices = change.IsDeleted ? _slices.Remove(name) : _slices.SetItem(name, AddressesOf(slice));
            Publish();
        });
        kube.Services.OnChange(change =>
        {
            JsonObject service = change.Object;
            if (!change.IsDeleted && (string?)service["metadata"]?["namespace"] == "default" && (string?)service["metadata"]?["name"] == "kubernetes")
            {
                _clusterIp = (string?)service["spec"]?["clusterIP"] ?? "";
                Publish();
            }
        });
        Publish();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    internal static IReadOnlyList<string> AddressesOf(JsonObject slice)
    {
        var all = new List<string>();
        foreach (JsonNode? endpoint in slice["endpoints"] as JsonArray ?? [])
        {
            foreach (JsonNode? address in endpoint?["addresses"] as JsonArray ?? [])
            {
                if (address is JsonValue value && value.TryGetValue(out string? text) && IPAddress.TryParse(text, out IPAddress? parsed))
                {
                    all.Add(parsed.ToString());
                }
            }
        }

        return all;
    }

    private void Publish()
    {
        var rows = new Dictionary<string, ApiServerRow>(StringComparer.Ordinal);

        // The Service's own address is translated before policy sees it; behind it stand the endpoints.
        if (IPAddress.TryParse(kube.Client.Config.Server.Host.Trim('[', ']'), out IPAddress? host) && !IPAddress.IsLoopback(host) && host.ToString() != _clusterIp)
        {
            rows[host.ToString()] = new ApiServerRow(host.ToString(), "connection");
        }

        foreach (string address in _slices.Values.SelectMany(s => s))
        {
            rows[address] = new ApiServerRow(address, "endpoints");
        }

        using WriteTransaction transaction = table.Db.Write(table);
        transaction.Replace(table, rows.Values);
        transaction.Commit();
    }
}
