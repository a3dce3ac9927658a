using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Waggle.Agent.Api;
using Waggle.Agent.Config;
using Waggle.Agent.Datapath;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Identities;
using Waggle.Hosting.Http;
using Waggle.Policy.Compile;
using Waggle.Policy.Labels;
using Waggle.Policy.Rules;
using Waggle.Policy.Selectors;

namespace Waggle.Agent.Policy;

/// <summary>
/// <c>/v1/policy</c>: revision and what numbers of rules stand for; <c>/v1/limits</c>: what there can be at most, and what is used;
/// <c>/v1/endpoint/ID/config</c>: options of an endpoint.
/// </summary>
internal sealed class PolicyRoutes(PolicyLoop loop, RuleNames names, PolicyCounts counts, PolicySubjectTable subjects, IdentityTable identities, EndpointManager endpoints, DatapathState datapath, ConfigState config) : IApiRoutes
{
    private const int LongestBody = 4096;

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/policy", async context =>
        {
            long revision = await loop.AskAsync(engine => engine.Revision, context.RequestAborted).ConfigureAwait(false);
            long realized = subjects.View.All().Where(s => s.Endpoints > 0).Select(s => s.Problem.Length > 0 ? 0 : revision).DefaultIfEmpty(revision).Min();
            await TableRoutes.JsonAsync(context, new JsonObject { ["revision"] = revision, ["realized"] = realized }).ConfigureAwait(false);
        });
        app.MapGet("/v1/policy/rules", context => TableRoutes.JsonAsync(context, new JsonObject { ["rules"] = new JsonArray([.. names.All.Select(r => (JsonNode)Json(r))]) }));
        app.MapGet("/v1/policy/selectors", async context =>
        {
            JsonArray rows = await loop.AskAsync(Selectors, context.RequestAborted).ConfigureAwait(false);
            await TableRoutes.JsonAsync(context, new JsonObject { ["selectors"] = rows }).ConfigureAwait(false);
        });
        app.MapGet("/v1/limits", context => TableRoutes.JsonAsync(context, new JsonObject { ["limits"] = Limits() }));
        app.MapPatch("/v1/endpoint/{id}/config", ConfigureAsync);
    }

    private JsonArray Selectors(PolicyEngine engine)
    {
        var users = new SortedDictionary<string, (Selector Selector, SortedSet<string> Policies)>(StringComparer.Ordinal);
        foreach (ParsedPolicy policy in engine.Policies)
        {
            foreach (Selector selector in policy.Rules.Select(r => r.Subject).Concat(policy.Rules.SelectMany(r => r.Sections).SelectMany(s => s.Peers).OfType<SelectorPeer>().Select(p => p.Selector)))
            {
                if (!users.TryGetValue(selector.Text, out (Selector, SortedSet<string> Policies) entry))
                {
                    users[selector.Text] = entry = (selector, new SortedSet<string>(StringComparer.Ordinal));
                }

                entry.Policies.Add(policy.Key.ToString());
            }
        }

        (uint Id, LabelSet Labels)[] known = [.. identities.View.All().Select(i => (i.Id, LabelSet.Parse(i.Labels)))];
        return
        [
            .. users.Select(u => (JsonNode)new JsonObject
            {
                ["selector"] = u.Key, ["policies"] = new JsonArray([.. u.Value.Policies.Select(p => (JsonNode)p)]),
                ["identities"] = new JsonArray([.. known.Where(i => u.Value.Selector.Matches(i.Labels)).Select(i => (JsonNode)i.Id)]),
            }),
        ];
    }

    private static JsonObject Json(RuleOrigin origin) => new()
    {
        ["rule"] = origin.Number, ["kind"] = origin.Kind.ToString(), ["direction"] = origin.Direction.ToString(),
        ["places"] = new JsonArray([.. origin.Places.Select(p => (JsonNode)new JsonObject { ["policy"] = p.Policy.ToString(), ["pointer"] = p.Pointer })]),
    };

    private async Task ConfigureAsync(HttpContext context)
    {
        if (!int.TryParse((string?)context.Request.RouteValues["id"], NumberStyles.None, CultureInfo.InvariantCulture, out int id) || context.Request.ContentLength is null or > LongestBody)
        {
            await HttpEndpoint.WriteAsync(context, StatusCodes.Status400BadRequest, "an endpoint's number and a short JSON object are needed\n").ConfigureAwait(false);
            return;
        }

        JsonNode? body = null;
        try
        {
            body = await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted).ConfigureAwait(false);
        }
        catch (JsonException)
        {
        }

        if (body?["PolicyAuditMode"] is not JsonValue value || !value.TryGetValue(out bool audit))
        {
            await HttpEndpoint.WriteAsync(context, StatusCodes.Status400BadRequest, "the option is PolicyAuditMode: true or false\n").ConfigureAwait(false);
            return;
        }

        bool found = await endpoints.AuditAsync(id, audit, context.RequestAborted).ConfigureAwait(false);
        await HttpEndpoint.WriteAsync(context, found ? StatusCodes.Status200OK : StatusCodes.Status404NotFound, found ? "{}\n" : $"there is no endpoint {id}\n", "application/json").ConfigureAwait(false);
    }

    private JsonArray Limits()
    {
        (PolicyUsage usage, (string Map, int Used, int Max)[] maps) = counts.Usage();
        var all = new JsonArray();
        foreach ((string map, int used, int max) in maps.Where(m => m.Max > 0))
        {
            Add($"rows of map {map}", used, max, map switch { "policy_peers" => "bpf-policy-map-max", "policy_rules" => "bpf-policy-rules-map-max", _ => "" }, "an endpoint keeps the last policy that was complete; new pods wait");
        }

        Add("rules told apart in counters and events", usage.Rules, 65536, "", "verdicts hold, further rules are counted together");
        Add("prefixes with an identity", usage.Cidrs, CidrIdentities.Limit, "", "a policy that needs more stays as it was, and says so");
        if (datapath.IsLoaded)
        {
            Add("rows of map ipcache_prefixes", datapath.Maps.IpcachePrefixes.Keys().Count(), (int)datapath.Maps.IpcachePrefixes.Map.Info.MaxEntries, "", "further prefixes count as world");
            Add("rows of map endpoints", datapath.Maps.Endpoints.Keys().Count(), (int)datapath.Maps.Endpoints.Map.Info.MaxEntries, "", "further pods are refused by the plugin");
            Add("tracked connections", datapath.Maps.Conntrack.Keys().Count(), (int)datapath.Maps.Conntrack.Map.Info.MaxEntries, "bpf-ct-global-any-max", "the least recently used is forgotten; its next packet is judged like a new connection's");
        }

        Add("multicast groups", -1, config.Current.Number("multicast-max-groups"), "multicast-max-groups", "further groups are refused by name");
        return all;

        void Add(string name, long used, long max, string key, string whenFull) => all.Add((JsonNode)new JsonObject
        {
            ["limit"] = name, ["used"] = used < 0 ? null : used, ["max"] = max, ["percent"] = used < 0 || max == 0 ? null : Math.Round(100.0 * used / max, 1), ["key"] = key, ["whenFull"] = whenFull,
        });
    }
}
