using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Waggle.Lab.ApiServer;

/// <summary>The path of every request.</summary>
/// <remarks>
/// <code>
/// 1 who is it?            Authenticator
/// 2 what is asked for?    RequestPath, ApiSurface
/// 3 may they?             IAuthorizer
/// 4 do it                 Read/Write/Delete/Watch handlers, or discovery and health
/// 5 anything thrown       becomes a Status object
/// </code>
/// </remarks>
internal sealed class RequestPipeline(ApiServerRuntime runtime, ILogger logger)
{
    private readonly Authenticator _authenticator = new(runtime);
    private readonly NonResourceHandler _nonResource = new(runtime);
    private readonly ResourceDispatcher _resources = new(runtime);

    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            await DispatchAsync(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested || runtime.Stopping.IsCancellationRequested)
        {
            // The client has gone, or the server stops: nobody reads an answer.
        }
        catch (Exception e) when (e is ConnectionResetException or ConnectionAbortedException)
        {
            // As above.
        }
        catch (Exception e)
        {
            if (context.Response.HasStarted)
            {
                logger.RequestCut(context.Request.Method, context.Request.Path, e);
                context.Abort();
                return;
            }
            await Responses.WriteErrorAsync(context, Translate(context, e));
        }
    }

    private async Task DispatchAsync(HttpContext context)
    {
        // 1
        var user = _authenticator.Authenticate(context);
        var path = context.Request.Path.Value ?? "/";

        // 2
        var parsed = RequestPath.Parse(path);
        if (parsed?.Resource is null)
        {
            Authorize(new AccessAttributes(user, context.Request.Method.ToLowerInvariant(), null, null, null, null, null, path));
            await _nonResource.HandleAsync(context, path, parsed);
            return;
        }
        Authorize(new AccessAttributes(user, Verb(context, parsed), parsed.Group, parsed.Resource, parsed.Subresource, parsed.Namespace, NameOf(context, parsed), path));

        // 4
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        {
            await _resources.HandleAsync(context, user, parsed);
            return;
        }
        var rollBacks = runtime.Store.RollBacks;
        try
        {
            await _resources.HandleAsync(context, user, parsed);
        }
        catch (ApiException) when (!context.Response.HasStarted)
        {
            // A refusal may rest on a change that is accepted but not on disk yet: nobody hears of it before readers see it.
            await runtime.Store.SettleAsync(rollBacks);
            throw;
        }
    }

    private void Authorize(AccessAttributes attributes)
    {
        // 3
        if (runtime.Authorizer.Refuse(attributes) is not { } reason)
        {
            return;
        }
        if (attributes.User.IsAnonymous)
        {
            throw ApiException.Unauthorized();
        }
        throw ApiException.Forbidden(attributes, reason);
    }

    /// <summary>Roles that name objects allow lists and watches of just one of them, too.</summary>
    private static string? NameOf(HttpContext context, RequestPath path)
    {
        const string byName = "metadata.name=";
        return path.Name ?? (context.Request.Query["fieldSelector"].ToString() is { } selector && selector.StartsWith(byName, StringComparison.Ordinal) && !selector.Contains(',') ? selector[byName.Length..] : null);
    }

    private static string Verb(HttpContext context, RequestPath path) => context.Request.Method switch
    {
        "GET" or "HEAD" => context.Request.Query["watch"].ToString() is "true" or "1" ? "watch" : path.Name is null ? "list" : "get",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => path.Name is null ? "deletecollection" : "delete",
        var other => other.ToLowerInvariant(),
    };

    private ApiException Translate(HttpContext context, Exception error)
    {
        switch (error)
        {
            case ApiException api:
                return api;
            case StoreFullException full:
                return new ApiException(507, "InsufficientStorage", full.Message) { RetryAfterSeconds = null };
            case StoreException store:
                return new ApiException(500, "InternalError", store.Message);
            case BadHttpRequestException bad:
                return new ApiException(bad.StatusCode, bad.StatusCode == 413 ? "RequestEntityTooLarge" : "BadRequest", bad.Message);
            case Nodes.NodeRuntimeException node:
                return new ApiException(node.StatusCode, node.Reason, node.Message);
            default:
                logger.RequestFailed(context.Request.Method, context.Request.Path, error);
                return new ApiException(500, "InternalError", $"Internal error occurred: {error.GetType().Name}: {error.Message}");
        }
    }
}

internal static partial class PipelineLog
{
    [LoggerMessage(3211, LogLevel.Error, "{Method} {Path} failed")]
    public static partial void RequestFailed(this ILogger logger, string method, string path, Exception error);

    [LoggerMessage(3212, LogLevel.Debug, "{Method} {Path} was cut after its answer had begun")]
    public static partial void RequestCut(this ILogger logger, string method, string path, Exception error);
}
