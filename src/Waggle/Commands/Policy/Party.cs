using System.Net;

namespace Waggle.Commands.Policy;

/// <summary>One end of a connection that somebody asks about.</summary>
/// <param name="Name">As policy sees it, for people.</param>
/// <param name="Identity">Its number; those of prefixes are numbers of this command's own engine.</param>
/// <param name="Subject">Whose policy applies; null for ends that have none here.</param>
/// <param name="Node">Address of the node it is on; null when it is on none.</param>
/// <param name="Address">Null when only an identity was named.</param>
internal sealed record Party(string Name, uint Identity, uint? Subject, string? Node, IPAddress? Address)
{
    /// <summary>A node: the identity that it has for itself and for its own pods.</summary>
    public uint? OwnIdentity { get; init; }

    public bool IsNode => OwnIdentity is not null;

    /// <summary>All addresses, of both families.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>What the other end sees.</summary>
    public uint IdentityFor(Party other) => OwnIdentity is { } own && Node is not null && Node == other.Node ? own : Identity;
}
