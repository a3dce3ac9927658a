using System.Text.Json.Nodes;
using Waggle.Policy.Compile;
using Waggle.Policy.Rules;

namespace Waggle.Agent.Policy.Audit;

/// <summary>Why an entry is there.</summary>
public enum AuditKind
{
    /// <summary>Policies on trial would decide otherwise.</summary>
    Trial,

    /// <summary>The endpoint (or the node) is in audit mode: what is denied passes.</summary>
    Endpoint,
}

/// <summary>Who talks to whom, and what would decide about it.</summary>
/// <param name="WouldPass">False: enforcing would drop it; true: it is dropped now, and enforcing would let it pass.</param>
/// <param name="Source">Who opens connections: <c>namespace/pod</c>, <c>node NAME</c>, a prefix, or an entity.</param>
/// <param name="Direction">Seen from the end whose policy it is.</param>
/// <param name="Rule">What would decide; null: no rule is known for it (enforcement mode <c>always</c>).</param>
public readonly record struct AuditPair(AuditKind Kind, bool WouldPass, string Source, string Destination, uint SourceIdentity, uint DestinationIdentity, Direction Direction, RuleOrigin? Rule);

/// <summary>One line of the report.</summary>
/// <param name="Protocol">IP protocol number.</param>
/// <param name="Port">Destination port, or ICMP type; −1: further ones, counted together.</param>
/// <param name="Count">Connections opened or decided on again.</param>
/// <param name="Example">Addresses of the last one.</param>
public sealed record AuditEntry(AuditPair Pair, byte Protocol, int Port, long Count, DateTimeOffset First, DateTimeOffset Last, string Example)
{
    /// <summary>True when the policy has a part in what would decide.</summary>
    public bool Concerns(Func<PolicyKey, bool> policy) => Pair.Rule is { } rule && rule.Policies.Any(policy);

    public JsonObject Json() => new()
    {
        ["mode"] = Pair.Kind == AuditKind.Trial ? "policy" : "endpoint", ["would"] = Pair.WouldPass ? "pass" : "drop", ["source"] = Pair.Source, ["destination"] = Pair.Destination,
        ["sourceIdentity"] = Pair.SourceIdentity, ["destinationIdentity"] = Pair.DestinationIdentity, ["direction"] = Pair.Direction.ToString().ToLowerInvariant(),
        ["protocol"] = Protocol, ["port"] = Port, ["count"] = Count, ["firstSeen"] = First.ToString("O"), ["lastSeen"] = Last.ToString("O"), ["example"] = Example,
        ["rule"] = Pair.Rule is not { } rule ? null : new JsonObject
        {
            ["kind"] = rule.Kind.ToString(),
            ["places"] = new JsonArray([.. rule.Places.Select(p => (JsonNode)new JsonObject
            {
                ["policy"] = p.Policy.ToString(), ["pointer"] = p.Pointer,
            })]),
        },
    };
}
