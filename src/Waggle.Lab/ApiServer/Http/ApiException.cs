using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>An expected refusal, answered as a Kubernetes <c>Status</c> object.</summary>
internal sealed class ApiException(int code, string reason, string message) : Exception(message)
{
    public int Code { get; } = code;

    public string Reason { get; } = reason;

    public JsonObject? Details { get; init; }

    public int? RetryAfterSeconds { get; init; }

    public JsonObject ToStatus() => StatusObject.Failure(Code, Reason, Message, Details);

    public static ApiException BadRequest(string message) => new(400, "BadRequest", message);

    public static ApiException Unauthorized() => new(401, "Unauthorized", "Unauthorized");

    public static ApiException MethodNotAllowed() => new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");

    public static ApiException PathNotFound() => new(404, "NotFound", "the server could not find the requested resource") { Details = [] };

    public static ApiException NotFound(ResourceDefinition resource, string name) =>
        new(404, "NotFound", $"{resource.QualifiedName} \"{name}\" not found") { Details = Describe(resource, name) };

    public static ApiException AlreadyExists(ResourceDefinition resource, string name) =>
        new(409, "AlreadyExists", $"{resource.QualifiedName} \"{name}\" already exists") { Details = Describe(resource, name) };

    public static ApiException Conflict(ResourceDefinition resource, string name, string why) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {resource.QualifiedName} \"{name}\": {why}") { Details = Describe(resource, name) };

    public static ApiException Stale(ResourceDefinition resource, string name) =>
        Conflict(resource, name, "the object has been modified; please apply your changes to the latest version and try again");

    public static ApiException Forbidden(ResourceDefinition resource, string name, string why) =>
        new(403, "Forbidden", $"{resource.QualifiedName} \"{name}\" is forbidden: {why}") { Details = Describe(resource, name) };

    /// <summary>What a client is told that may not do something, in kubectl's words.</summary>
    public static ApiException Forbidden(AccessAttributes request, string why)
    {
        why = why.Length == 0 ? "" : $": {why}";
        if (request.Resource is null)
        {
            return new(403, "Forbidden", $"forbidden: User \"{request.User.Name}\" cannot {request.Verb} path \"{request.Path}\"{why}");
        }
        var qualified = request.Group is { Length: > 0 } group ? $"{request.Resource}.{group}" : request.Resource;
        var named = request.Name is null ? qualified : $"{qualified} \"{request.Name}\"";
        var where = request.Namespace is null ? "at the cluster scope" : $"in the namespace \"{request.Namespace}\"";
        var details = new JsonObject { ["kind"] = request.Resource };
        if (request.Group is { Length: > 0 })
        {
            details["group"] = request.Group;
        }
        if (request.Name is not null)
        {
            details["name"] = request.Name;
        }
        return new(403, "Forbidden", $"{named} is forbidden: User \"{request.User.Name}\" cannot {request.Verb} resource \"{request.ResourceText}\" in API group \"{request.Group}\" {where}{why}") { Details = details };
    }

    public static ApiException Expired(string message) => new(410, "Expired", message);

    public static ApiException UnsupportedMediaType(string message) => new(415, "UnsupportedMediaType", message);

    public static ApiException NotAcceptable(string message) => new(406, "NotAcceptable", message);

    public static ApiException TooLarge(string message) => new(413, "RequestEntityTooLarge", message);

    public static ApiException Unavailable(string message) => new(503, "ServiceUnavailable", message) { RetryAfterSeconds = 1 };

    public static ApiException Invalid(ResourceDefinition resource, string name, FieldErrors errors)
    {
        var details = new JsonObject();
        if (name.Length > 0)
        {
            details["name"] = name;
        }
        if (resource.Group.Length > 0)
        {
            details["group"] = resource.Group;
        }
        details["kind"] = resource.Kind;
        details["causes"] = errors.Causes();
        var subject = resource.Group.Length == 0 ? resource.Kind : $"{resource.Kind}.{resource.Group}";
        return new ApiException(422, "Invalid", $"{subject} \"{name}\" is invalid: {errors.Summary()}") { Details = details };
    }

    private static JsonObject Describe(ResourceDefinition resource, string name)
    {
        var details = new JsonObject { ["name"] = name };
        if (resource.Group.Length > 0)
        {
            details["group"] = resource.Group;
        }
        details["kind"] = resource.Plural;
        return details;
    }
}

/// <summary>Builds v1 <c>Status</c> objects.</summary>
internal static class StatusObject
{
    public static JsonObject Failure(int code, string reason, string message, JsonObject? details = null)
    {
        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = message,
            ["reason"] = reason,
        };
        if (details is not null)
        {
            status["details"] = details.DeepClone();
        }
        status["code"] = J.Num(code);
        return status;
    }

    public static JsonObject Success(JsonObject? details = null)
    {
        var status = new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success" };
        if (details is not null)
        {
            status["details"] = details;
        }
        return status;
    }
}
