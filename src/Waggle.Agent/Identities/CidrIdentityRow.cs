using System.Net;
using Waggle.Agent.IpCache;
using Waggle.State.Tables;

namespace Waggle.Agent.Identities;

/// <summary>A prefix that policies name, and the number that stands for it on this node only.</summary>
/// <param name="Labels">Those of all named prefixes that cover it, and <c>reserved:world</c>.</param>
public sealed record CidrIdentityRow(IPNetwork Prefix, uint Identity, IReadOnlyList<string> Labels)
{
    public bool Equals(CidrIdentityRow? other) => other is not null && Prefix.Equals(other.Prefix) && Identity == other.Identity && Labels.SequenceEqual(other.Labels);

    public override int GetHashCode() => Prefix.GetHashCode();
}

/// <summary>Table <c>cidr-identities</c>.</summary>
public sealed class CidrIdentityTable(StateDb db) : Table<IpCacheKey, CidrIdentityRow>(
    db, "cidr-identities", r => IpCacheKey.Of(r.Prefix), [new("Prefix", r => r.Prefix.ToString()), new("Identity", r => $"{r.Identity}"), new("Labels", r => string.Join(" ", r.Labels))]);
