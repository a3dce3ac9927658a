namespace Waggle.Lab.ApiServer;

/// <summary>What is about to be done: a resource request, or a non-resource path when <see cref="Resource"/> is null.</summary>
public sealed record AccessAttributes(UserInfo User, string Verb, string? Group, string? Resource, string? Subresource, string? Namespace, string? Name, string? Path)
{
    /// <summary>As roles name it: <c>pods</c> or <c>pods/exec</c>.</summary>
    public string ResourceText => Subresource is { Length: > 0 } ? $"{Resource}/{Subresource}" : Resource ?? "";
}

/// <summary>Decides whether an authenticated user may do something.</summary>
public interface IAuthorizer
{
    /// <returns>Null to allow; otherwise why not, in words for the user; empty where nothing allows it and there is no more to say.</returns>
    string? Refuse(AccessAttributes request);
}
