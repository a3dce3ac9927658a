namespace Waggle.Datapath.Loading;

/// <summary>What became of a shared map when the objects were loaded.</summary>
public enum SharedMapOutcome
{
    /// <summary>There was none.</summary>
    Created,

    /// <summary>The pinned one is used on, with all it holds.</summary>
    Adopted,

    /// <summary>The pinned one is incompatible: a new one takes its place, and whoever owns the rows must write them again.</summary>
    Replaced,

    /// <summary>The pinned one had another capacity or an earlier layout: a new one takes its place, the rows were copied or converted.</summary>
    Migrated,
}

/// <summary>A shared map after a load.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Reason">Why it was replaced or migrated; else empty.</param>
public sealed record SharedMap(string Name, SharedMapOutcome Outcome, string Reason = "");
