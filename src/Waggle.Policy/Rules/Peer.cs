using System.Collections.Immutable;
using Waggle.Policy.Addresses;
using Waggle.Policy.Selectors;

namespace Waggle.Policy.Rules;

/// <summary>Who is on the other side.</summary>
public abstract record Peer;

/// <summary>Endpoints by label.</summary>
public sealed record SelectorPeer(Selector Selector) : Peer;

/// <summary>A named kind of peer.</summary>
public sealed record EntityPeer(Entity Entity) : Peer;

/// <summary>Nodes by label.</summary>
public sealed record NodePeer(Selector Selector) : Peer;

/// <summary>Addresses outside the cluster.</summary>
public sealed record CidrPeer(IpPrefix Prefix, ImmutableArray<IpPrefix> Except) : Peer
{
    public bool Equals(CidrPeer? other) => other is not null && Prefix == other.Prefix && Except.SequenceEqual(other.Except);

    public override int GetHashCode() => HashCode.Combine(Prefix, Except.Length);
}

/// <summary>The addresses of a <c>CiliumCIDRGroup</c>; nobody until there is one of this name.</summary>
public sealed record CidrGroupPeer(string Name, ImmutableArray<IpPrefix> Except) : Peer
{
    public bool Equals(CidrGroupPeer? other) => other is not null && Name == other.Name && Except.SequenceEqual(other.Except);

    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);
}

/// <summary>The backends of Services: of one <paramref name="Name"/>, or of all that <paramref name="Labels"/> select.</summary>
/// <param name="Namespace">Empty for Services of every namespace.</param>
/// <param name="Name">Null when selected by label.</param>
/// <param name="Labels">Null when named.</param>
public sealed record ServicePeer(string Namespace, string? Name, Selector? Labels) : Peer;

/// <summary>A kind of peer that is not implemented: nobody where it allows, all of the world where it denies.</summary>
public sealed record UnsupportedPeer(string What) : Peer;

/// <summary>Peers that have a name of their own.</summary>
public enum Entity
{
    All,
    World,
    WorldIPv4,
    WorldIPv6,
    Cluster,
    Host,
    RemoteNode,
    KubeApiServer,
    Ingress,
    Init,
    Health,
    Unmanaged,
    None,
}
