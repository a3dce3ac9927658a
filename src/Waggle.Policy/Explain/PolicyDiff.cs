using System.Collections.Immutable;
using Waggle.Policy.Compile;
using Waggle.Policy.Identities;
using Waggle.Policy.Rules;

namespace Waggle.Policy.Explain;

/// <summary>Something that sends or receives, in both engines.</summary>
/// <param name="Identity">Its identity.</param>
/// <param name="Subject">Its subject; null for what has no policy of its own, such as the world.</param>
/// <param name="Name">For people.</param>
public sealed record DiffEndpoint(uint Identity, uint? Subject, string Name);

/// <summary>What changes between two endpoints.</summary>
/// <param name="Source">Who opens connections.</param>
/// <param name="Destination">To whom.</param>
/// <param name="Allowed">Passes only afterwards.</param>
/// <param name="Cut">Passes only before.</param>
public sealed record PolicyDifference(DiffEndpoint Source, DiffEndpoint Destination, ImmutableArray<TrafficRange> Allowed, ImmutableArray<TrafficRange> Cut);

/// <summary>Compares what two engines let pass among the same endpoints. Costs a look at each pair; pairs that are alike are compared once.</summary>
public static class PolicyDiff
{
    /// <param name="before">An engine, committed.</param>
    /// <param name="after">Another with the same subjects and identities.</param>
    /// <param name="endpoints">Whom to compare.</param>
    public static IEnumerable<PolicyDifference> Compare(PolicyEngine before, PolicyEngine after, IReadOnlyList<DiffEndpoint> endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var sides = new Sides[] { new(before, endpoints), new(after, endpoints) };
        var known = new Dictionary<(TrafficSet, TrafficSet), (TrafficSet Allowed, TrafficSet Cut)>();
        foreach ((int s, DiffEndpoint source) in endpoints.Index())
        {
            foreach ((int d, DiffEndpoint destination) in endpoints.Index())
            {
                if (s == d || (source.Subject is null && destination.Subject is null))
                {
                    continue;
                }

                TrafficSet old = sides[0].Passes(s, d), now = sides[1].Passes(s, d);
                if (ReferenceEquals(old, now))
                {
                    continue;
                }

                if (!known.TryGetValue((old, now), out (TrafficSet Allowed, TrafficSet Cut) difference))
                {
                    known.Add((old, now), difference = (now.Without(old), old.Without(now)));
                }

                if (difference.Allowed.Ranges.Length + difference.Cut.Ranges.Length > 0)
                {
                    yield return new PolicyDifference(source, destination, difference.Allowed.Ranges, difference.Cut.Ranges);
                }
            }
        }
    }

    /// <summary>What one engine lets pass, by pair.</summary>
    private sealed class Sides(PolicyEngine engine, IReadOnlyList<DiffEndpoint> endpoints)
    {
        private readonly Dictionary<Content, TrafficSet> _sets = new(ReferenceEqualityComparer.Instance);
        private readonly Dictionary<(TrafficSet, TrafficSet), TrafficSet> _both = [];
        private readonly (IReadOnlyList<PeerSelector> Matching, IdentityInfo? Info)[] _peers = [.. endpoints.Select(e => engine.Peer(e.Identity))];

        public TrafficSet Passes(int source, int destination)
        {
            TrafficSet egress = Side(endpoints[source].Subject, Direction.Egress, destination), ingress = Side(endpoints[destination].Subject, Direction.Ingress, source);
            if (!_both.TryGetValue((egress, ingress), out TrafficSet? both))
            {
                _both.Add((egress, ingress), both = egress.And(ingress));
            }

            return both;
        }

        private TrafficSet Side(uint? subject, Direction direction, int peer)
        {
            if (subject is not { } number || !engine.SideOf(number, direction).IsOn)
            {
                return TrafficSet.All;
            }

            if (engine.TableOf(number, direction) is not { } table)
            {
                return TrafficSet.None;
            }

            Content content = table.ContentOf(_peers[peer].Matching, _peers[peer].Info);
            if (!_sets.TryGetValue(content, out TrafficSet? set))
            {
                _sets.Add(content, set = TrafficSet.Of(content));
            }

            return set;
        }
    }
}
