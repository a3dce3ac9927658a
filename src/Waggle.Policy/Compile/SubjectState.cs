using Waggle.Policy.Identities;

namespace Waggle.Policy.Compile;

/// <summary>A subject and what is in force for it.</summary>
internal sealed class SubjectState(uint number)
{
    public uint Number => number;

    public required SubjectSpec Spec { get; set; }

    /// <summary>Its entry in the index by label.</summary>
    public required IdentityInfo Entry { get; set; }

    /// <summary>The rules that apply, as of the last commit.</summary>
    public List<RuleEntry> Rules { get; set; } = [];

    /// <summary>Null: off, or never compiled.</summary>
    public CompiledTable? Ingress { get; set; }

    /// <inheritdoc cref="Ingress"/>
    public CompiledTable? Egress { get; set; }

    /// <summary>The row as of the last commit.</summary>
    public SubjectRow? Row { get; set; }

    /// <summary>What does not fit; null when all does.</summary>
    public DoesNotFit? Unfit { get; set; }
}
