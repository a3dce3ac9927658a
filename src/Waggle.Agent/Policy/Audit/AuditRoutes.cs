using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Waggle.Agent.Api;
using Waggle.Agent.Endpoints;
using Waggle.Policy.Rules;

namespace Waggle.Agent.Policy.Audit;

/// <summary><c>/v1/policy/audit</c>: what enforcing would drop, as this node saw it; <c>?policy=NAME</c> and <c>&amp;kind=KIND</c>: where that policy has a part.</summary>
internal sealed class AuditRoutes(AuditStore store, AuditLosses losses, PolicyTable policies, EndpointTable endpoints, AgentArguments arguments) : IApiRoutes
{
    public void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/policy/audit", context =>
    {
        string name = context.Request.Query["policy"].ToString(), kind = context.Request.Query["kind"].ToString();
        bool Meant(PolicyKey key) =>
            (name.Length == 0 || key.Name == name || $"{key.Namespace}/{key.Name}" == name) && (kind.Length == 0 || string.Equals(key.Kind.ToString(), kind, StringComparison.OrdinalIgnoreCase));
        bool all = name.Length == 0 && kind.Length == 0;
        return TableRoutes.JsonAsync(context, new JsonObject
        {
            ["node"] = arguments.NodeName, ["since"] = store.Since.ToString("O"), ["lostEvents"] = losses.Count, ["forgottenPairs"] = store.Evicted,
            ["policies"] = new JsonArray([.. policies.View.All().Where(p => all ? p.Parsed.IsOnTrial : Meant(p.Parsed.Key)).Select(p => (JsonNode)new JsonObject { ["policy"] = p.Key, ["mode"] = p.Parsed.IsOnTrial ? "audit" : "enforce" })]),
            ["endpoints"] = new JsonArray([.. endpoints.View.All().Where(e => e.Policy.Audit && e.PodKey.Length > 0).Select(e => (JsonNode)e.PodKey)]),
            ["entries"] = new JsonArray([.. store.Read(all ? null : Meant).Select(e => (JsonNode)e.Json())]),
        });
    });
}
