namespace Waggle.Agent.Policy;

/// <summary>
/// Says whether a subject that is new to the kernel needs <c>policy_state.revision</c> raised, which has every connection of the node
/// decided on again: a pod that starts mostly does not.
/// </summary>
/// <remarks>
/// Why it is safe not to. A tracked connection counts as decided when it has the revision of now and the identities of both ends. For one
/// to let a packet of the new subject's endpoint pass undecided, it must have been decided since the last raise with the same identity
/// at this end, and with another outcome than the new subject's rows give. So some endpoint of this node had that identity meanwhile,
/// and thus a subject: either it is still there and has other rows (another port's name, audit), or it went; or the rows were the
/// same and what they follow from has changed since (policies, groups, Services, labels of known identities, configuration) without
/// touching any subject in the kernel, which would have raised the revision. Each of these is remembered here until the next raise. An endpoint
/// that moves to another subject asks for a raise itself (<see cref="PolicySubjects.AskAgain"/>). Nothing is known about what an earlier agent did.
/// </remarks>
internal sealed class RevisionKeeper
{
    private readonly HashSet<uint> _gone = [];
    private bool _changed = true;

    /// <summary>Something that verdicts follow from is another now; new identities and new subjects do not count.</summary>
    public void Changed() => _changed = true;

    /// <summary>The last endpoint of a subject with this identity is gone, and its rows with it.</summary>
    public void SubjectGone(uint identity) => _gone.Add(identity);

    /// <summary>The revision was raised: connections decided before count no more.</summary>
    public void Raised()
    {
        _gone.Clear();
        _changed = false;
    }

    /// <summary>True when a subject that was not in the kernel needs a raise.</summary>
    /// <param name="identity">Its identity; null: not known, or the node itself, whose connections were not asked about before.</param>
    /// <param name="hasSiblings">Another subject of this node has the same identity.</param>
    public bool NeedsRaise(uint? identity, bool hasSiblings) => _changed || hasSiblings || identity is not { } known || _gone.Contains(known);
}
