using Waggle.Policy.Addresses;

namespace Waggle.Policy.Compile;

/// <summary>Rows of a table that nobody uses yet.</summary>
/// <param name="Table">Its number.</param>
/// <param name="Ports">To be written first.</param>
/// <param name="Peers">To be written second.</param>
public sealed record TableImage(uint Table, IReadOnlyList<PortRow> Ports, IReadOnlyList<PeerRow> Peers);

/// <summary>Changes of a table in use, each list to be carried out before the next: no packet sees half of it.</summary>
/// <param name="Table">Its number.</param>
/// <param name="AddPorts">Rows of classes that no peer has yet.</param>
/// <param name="SetPeers">Rows of peers that appeared or changed.</param>
/// <param name="RemovePeers">Identities whose row goes.</param>
/// <param name="RemovePorts">Rows of classes that no peer has any more.</param>
public sealed record TableDelta(uint Table, IReadOnlyList<PortRow> AddPorts, IReadOnlyList<PeerRow> SetPeers, IReadOnlyList<uint> RemovePeers, IReadOnlyList<PortKey> RemovePorts);

/// <summary>One direction of a subject's row.</summary>
/// <param name="IsOn">False: everything is allowed, the table is not asked.</param>
/// <param name="Table">The table of the direction; 0 when off.</param>
/// <param name="Other">Peers without a row.</param>
public readonly record struct SubjectSide(bool IsOn, uint Table, PeerValue Other)
{
    public static SubjectSide Off { get; } = new(false, 0, new PeerValue(new Verdict(Decision.DefaultAllow, 0, Decision.DefaultAllow, 0), 0, 0));

    /// <summary>Closed: what a subject has whose policy does not fit and that had none before.</summary>
    public static SubjectSide Closed { get; } = new(true, 0, new PeerValue(new Verdict(Decision.DefaultDeny, 0, Decision.DefaultDeny, 0), 0, 0));
}

/// <summary>The row of a subject, to be replaced as one.</summary>
/// <param name="Subject">The number the caller gave it.</param>
/// <param name="Ingress">What comes in.</param>
/// <param name="Egress">What goes out.</param>
/// <param name="Revision">The revision it was compiled from.</param>
public sealed record SubjectRow(uint Subject, SubjectSide Ingress, SubjectSide Egress, long Revision);

/// <summary>What does not fit, and what is in force instead.</summary>
/// <param name="Subject">Whose policy; 0 when it is about a table as a whole.</param>
/// <param name="Table">The table that was too large, or that could not take a row; 0 for none.</param>
/// <param name="Limit">Which limit: <c>peers</c>, <c>ports</c>, <c>classes</c>, <c>rules</c>, <c>cidrs</c>.</param>
/// <param name="Needed">How many were needed.</param>
/// <param name="Most">How many there can be.</param>
/// <param name="KeptRevision">The revision in force for the subject; 0 when there is none and it is closed.</param>
public sealed record DoesNotFit(uint Subject, uint Table, string Limit, long Needed, long Most, long KeptRevision)
{
    /// <summary>The policy that was not taken; null when it is not about one.</summary>
    public Rules.PolicyKey? Policy { get; init; }
}

/// <summary>Everything that has to happen in the kernel, in this order: new tables, deltas (their adds), subjects, then the rest.</summary>
public sealed record ChangeSet
{
    /// <summary>The revision of the policies that is reached with this change.</summary>
    public required long Revision { get; init; }

    /// <summary>First: written whole while nobody looks.</summary>
    public IReadOnlyList<TableImage> NewTables { get; init; } = [];

    /// <summary>Second.</summary>
    public IReadOnlyList<TableDelta> Deltas { get; init; } = [];

    /// <summary>Third: each as one.</summary>
    public IReadOnlyList<SubjectRow> Subjects { get; init; } = [];

    /// <summary>Numbers of subjects that are gone; their rows go after no endpoint names them.</summary>
    public IReadOnlyList<uint> RemovedSubjects { get; init; } = [];

    /// <summary>Last: tables that no subject uses, with the keys of all their rows.</summary>
    public IReadOnlyList<TableImage> RemovedTables { get; init; } = [];

    /// <summary>Rule numbers that are free from the next commit on; their counters are to be zeroed once the removed rows are gone.</summary>
    public IReadOnlyList<uint> FreedRules { get; init; } = [];

    /// <summary>What does not fit as things stand (all of it, not only what is new).</summary>
    public IReadOnlyList<DoesNotFit> Unfit { get; init; } = [];

    /// <summary>Prefixes that need a local identity from now on.</summary>
    public IReadOnlyList<IpPrefix> AddedCidrs { get; init; } = [];

    /// <summary>Prefixes that need none any more.</summary>
    public IReadOnlyList<IpPrefix> RemovedCidrs { get; init; } = [];

    /// <summary>
    /// True when a connection that was allowed might not be any more, or the other way round: <c>policy_state.revision</c> has to be raised.
    /// Subjects that had no row before do not count: whether connections of their endpoints can be older is the caller's knowledge.
    /// </summary>
    public bool VerdictsMayChange { get; init; }

    /// <summary>True when something did not fit that may fit once the tables of this change are removed: commit again then.</summary>
    public bool ShouldRetry { get; init; }

    public bool IsEmpty => NewTables.Count + Deltas.Count + Subjects.Count + RemovedSubjects.Count + RemovedTables.Count + FreedRules.Count + AddedCidrs.Count + RemovedCidrs.Count == 0;
}
