using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Waggle.Agent.Api;

namespace Waggle.Agent.Limits;

/// <summary><c>/v1/limits</c>: what there can be at most, and what is used.</summary>
internal sealed class LimitRoutes(NodeLimits limits) : IApiRoutes
{
    public void Map(IEndpointRouteBuilder app) =>
        app.MapGet("/v1/limits", context => TableRoutes.JsonAsync(context, new JsonObject { ["limits"] = new JsonArray([.. limits.Read().Select(l => (JsonNode)l.Json())]) }));
}
