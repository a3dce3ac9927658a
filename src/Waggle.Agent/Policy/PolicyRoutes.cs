using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Waggle.Agent.Api;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Identities;
using Waggle.Hosting.Http;
using Waggle.Policy.Compile;
using Waggle.Policy.Labels;
using Waggle.Policy.Rules;
using Waggle.Policy.Selectors;

namespace Waggle.Agent.Policy;

/// <summary>
/// <c>/v1/policy</c>: revision and what numbers of rules stand for; <c>/v1/endpoint/ID/config</c>: options of an endpoint.
/// </summary>
internal sealed class PolicyRoutes(PolicyLoop loop, RuleNames names, PolicySubjectTable subjects, IdentityTable identities, EndpointManager endpoints) : IApiRoutes
{
    private const int LongestBody = 4096;

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/policy", async context =>
        {
            (long revision, uint kernel) = await loop.AskAsync(engine => (engine.Revision, loop.KernelRevision), context.RequestAborted).ConfigureAwait(false);
            long realized = subjects.View.All().Where(s => s.Endpoints > 0).Select(s => s.Problem.Length > 0 ? 0 : revision).DefaultIfEmpty(revision).Min();
            await TableRoutes.JsonAsync(context, new JsonObject { ["revision"] = revision, ["realized"] = realized, ["kernelRevision"] = kernel }).ConfigureAwait(false);
        });
        app.MapGet("/v1/policy/rules", context => TableRoutes.JsonAsync(context, new JsonObject { ["rules"] = new JsonArray([.. names.All.Select(r => (JsonNode)Json(r))]) }));
        app.MapGet("/v1/policy/selectors", async context =>
        {
            JsonArray rows = await loop.AskAsync(Selectors, context.RequestAborted).ConfigureAwait(false);
            await TableRoutes.JsonAsync(context, new JsonObject { ["selectors"] = rows }).ConfigureAwait(false);
        });
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
}
