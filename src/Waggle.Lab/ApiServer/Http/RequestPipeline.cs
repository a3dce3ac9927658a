using Microsoft.AspNetCore.Http;

namespace Waggle.Lab.ApiServer;

/// <summary>The path of every request.</summary>
internal sealed class RequestPipeline(ApiServerRuntime runtime)
{
    public Task HandleAsync(HttpContext context)
    {
        _ = runtime;
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return Task.CompletedTask;
    }
}
