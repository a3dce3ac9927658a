using System.Text.Json.Nodes;
using Waggle.State.Tables;

namespace Waggle.Agent.Identities;

/// <summary>A number and its labels.</summary>
public sealed record IdentityRow(uint Id, IReadOnlyList<string> Labels)
{
    public bool Equals(IdentityRow? other) => other is not null && Id == other.Id && Labels.SequenceEqual(other.Labels);

    public override int GetHashCode() => (int)Id;
}

/// <summary>Table <c>identities</c>.</summary>
public sealed class IdentityTable(StateDb db) : Table<uint, IdentityRow>(
    db, "identities", r => r.Id, [new("Id", r => $"{r.Id}"), new("Labels", r => string.Join(" ", r.Labels))],
    r => new JsonObject { ["id"] = r.Id, ["labels"] = new JsonArray([.. r.Labels.Select(l => (JsonNode)l)]) });
