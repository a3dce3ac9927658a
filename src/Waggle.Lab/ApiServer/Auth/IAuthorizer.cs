namespace Waggle.Lab.ApiServer;

/// <summary>What is about to be done: a resource request, or a non-resource path when <see cref="Resource"/> is null.</summary>
public sealed record AccessAttributes(UserInfo User, string Verb, string? Group, string? Resource, string? Subresource, string? Namespace, string? Name, string? Path);

/// <summary>Decides whether an authenticated user may do something.</summary>
public interface IAuthorizer
{
    /// <returns>Null to allow; otherwise why not, in words for the user.</returns>
    string? Refuse(AccessAttributes request);
}

/// <summary>Every authenticated user may do everything: enough for a lab on one machine. RBAC objects are stored, not enforced.</summary>
public sealed class AllowAuthenticated : IAuthorizer
{
    public static AllowAuthenticated Instance { get; } = new();

    private static readonly HashSet<string> s_public = ["/healthz", "/livez", "/readyz", "/version"];

    private AllowAuthenticated() { }

    public string? Refuse(AccessAttributes request)
    {
        if (!request.User.IsAnonymous || (request.Resource is null && request.Path is { } path && s_public.Contains(path.TrimEnd('/'))))
        {
            return null;
        }
        return "anonymous requests may only read /healthz, /livez, /readyz and /version";
    }
}
