namespace Waggle.Datapath.Attaching;

/// <summary>How programs are attached to devices.</summary>
public enum AttachMode
{
    /// <summary>tcx where the kernel has it (6.6), else clsact.</summary>
    Automatic,

    /// <summary>tcx links, pinned.</summary>
    Tcx,

    /// <summary>Filters of the clsact discipline; they stay on the device without a pin.</summary>
    Clsact,
}

/// <summary>What attaching did.</summary>
public enum AttachOutcome
{
    /// <summary>There was nothing of ours.</summary>
    Attached,

    /// <summary>Another program of ours was replaced, without a gap.</summary>
    Replaced,

    /// <summary>This very program was there.</summary>
    Unchanged,
}
