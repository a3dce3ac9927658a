using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Waggle.Hosting.Http;
using Waggle.State.Tables;

namespace Waggle.Agent.Api;

/// <summary><c>/v1/tables</c>: every table as rows, and with <c>?watch=1</c> as a stream of changes, one JSON object on each line.</summary>
internal static class TableRoutes
{
    public static void MapTables(this IEndpointRouteBuilder app, StateDb db)
    {
        app.MapGet("/v1/tables", context =>
        {
            var tables = new JsonArray([.. db.Tables.OrderBy(t => t.Name, StringComparer.Ordinal).Select(t => (JsonNode)new JsonObject
            {
                ["name"] = t.Name, ["rows"] = t.Count, ["revision"] = t.Revision, ["waitsFor"] = string.Join(", ", t.PendingInitializers),
            })]);
            return JsonAsync(context, new JsonObject { ["tables"] = tables });
        });
        app.MapGet("/v1/tables/{name}", context =>
        {
            string name = (string)context.Request.RouteValues["name"]!;
            if (db.Find(name) is not { } table)
            {
                return HttpEndpoint.WriteAsync(context, StatusCodes.Status404NotFound, $"there is no table \"{name}\"; tables: {string.Join(", ", db.Tables.Select(t => t.Name))}\n");
            }

            if (context.Request.Query.ContainsKey("watch"))
            {
                return WatchAsync(context, table);
            }

            var columns = new JsonArray([.. table.ColumnNames.Select(c => (JsonNode)c)]);
            return JsonAsync(context, new JsonObject { ["name"] = table.Name, ["revision"] = table.Revision, ["columns"] = columns, ["rows"] = new JsonArray([.. table.RenderJson()]) });
        });
    }

    internal static Task JsonAsync(HttpContext context, JsonNode body) => HttpEndpoint.WriteAsync(context, StatusCodes.Status200OK, body.ToJsonString(), "application/json");

    private static async Task WatchAsync(HttpContext context, Table table)
    {
        context.Response.ContentType = "application/x-ndjson";
        try
        {
            await foreach (RenderedChange change in table.WatchRenderedAsync(context.RequestAborted).ConfigureAwait(false))
            {
                var line = new JsonObject
                {
                    ["type"] = change.IsReset ? "reset" : change.IsDeleted ? "deleted" : "updated", ["revision"] = change.Revision, ["row"] = change.Json?.DeepClone(),
                };
                await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(line.ToJsonString() + "\n"), context.RequestAborted).ConfigureAwait(false);
                await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }
}
