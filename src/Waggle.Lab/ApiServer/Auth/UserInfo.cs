namespace Waggle.Lab.ApiServer;

/// <summary>Who a request comes from.</summary>
public sealed record UserInfo(string Name, IReadOnlyList<string> Groups, string? Uid = null)
{
    public const string AuthenticatedGroup = "system:authenticated";

    public static UserInfo Anonymous { get; } = new("system:anonymous", ["system:unauthenticated"]);

    public bool IsAnonymous => Name == "system:anonymous";

    /// <summary>True for a member of <c>system:masters</c>.</summary>
    public bool IsAdmin => Groups.Contains("system:masters");
}
