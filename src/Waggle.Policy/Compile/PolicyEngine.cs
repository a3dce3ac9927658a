using Waggle.Policy.Addresses;
using Waggle.Policy.Labels;
using Waggle.Policy.Rules;

namespace Waggle.Policy.Compile;

/// <summary>
/// Compiles policies into the tables of the kernel, and keeps them up to date step by step. Changes are collected and take effect
/// together with <see cref="Commit"/>. For one thread at a time.
/// </summary>
public sealed partial class PolicyEngine
{
    public PolicyEngine(PolicyEngineOptions options) => Options = options;

    public PolicyEngineOptions Options { get; private set; }

    /// <summary>Raised with each commit that has changes of policies.</summary>
    public long Revision { get; private set; } = 1;

    public IReadOnlyCollection<ParsedPolicy> Policies => throw new NotImplementedException();

    /// <summary>Changes the mode for all subjects.</summary>
    public void SetMode(EnforcementMode mode) => throw new NotImplementedException();

    /// <summary>Adds or replaces a policy. A policy with errors is not taken: false, and the last valid version stays in force.</summary>
    public bool UpsertPolicy(ParsedPolicy policy) => throw new NotImplementedException();

    /// <returns>False when there was none.</returns>
    public bool RemovePolicy(PolicyKey key) => throw new NotImplementedException();

    /// <summary>Adds an identity, or replaces its labels or ports.</summary>
    /// <param name="identity">Its number.</param>
    /// <param name="labels">Its labels; those of source <c>cidr</c> make it one outside the cluster.</param>
    /// <param name="ports">The ports its pods name, for egress rules with named ports.</param>
    public void UpsertIdentity(uint identity, LabelSet labels, IReadOnlyCollection<NamedPort>? ports = null) => throw new NotImplementedException();

    public void RemoveIdentity(uint identity) => throw new NotImplementedException();

    /// <summary>Adds or replaces what policy applies to.</summary>
    /// <param name="subject">A number of the caller's choice, 1 and up; named in <see cref="SubjectRow"/>.</param>
    /// <param name="spec">What it is.</param>
    public void UpsertSubject(uint subject, SubjectSpec spec) => throw new NotImplementedException();

    public void RemoveSubject(uint subject) => throw new NotImplementedException();

    /// <summary>Adds or replaces the prefixes of a CIDR group.</summary>
    public void UpsertCidrGroup(string name, IReadOnlyCollection<IpPrefix> prefixes) => throw new NotImplementedException();

    public void RemoveCidrGroup(string name) => throw new NotImplementedException();

    public void UpsertService(PolicyService service) => throw new NotImplementedException();

    public void RemoveService(string @namespace, string name) => throw new NotImplementedException();

    /// <summary>Computes what has to be done so that all changes since the last commit hold.</summary>
    public ChangeSet Commit() => throw new NotImplementedException();

    /// <summary>What a rule number stands for; null for 0 and for numbers not in use.</summary>
    public RuleOrigin? Describe(uint rule) => throw new NotImplementedException();

    /// <summary>The row of a subject as of the last commit; null when there is no such subject.</summary>
    public SubjectRow? Subject(uint subject) => throw new NotImplementedException();

    /// <summary>The subjects that a policy applies to.</summary>
    public IReadOnlyCollection<uint> SubjectsOf(PolicyKey key) => throw new NotImplementedException();

    /// <summary>The whole table, as the kernel should hold it; null when there is none of this number.</summary>
    public TableImage? Table(uint table) => throw new NotImplementedException();

    /// <summary>Prefixes that need a local identity: those that rules name, and what they leave out.</summary>
    public IReadOnlyCollection<IpPrefix> RequiredCidrs => throw new NotImplementedException();

    /// <summary>What the compiled tables say of a packet, by the kernel's own algorithm.</summary>
    /// <param name="subject">Whose policy.</param>
    /// <param name="direction">Seen from the subject.</param>
    /// <param name="peer">Identity of the other side.</param>
    /// <param name="protocol">IP protocol number.</param>
    /// <param name="port">Destination port, or ICMP type; 0 for other protocols.</param>
    public Verdict Evaluate(uint subject, Direction direction, uint peer, byte protocol, ushort port) => throw new NotImplementedException();

    public PolicyUsage Usage() => throw new NotImplementedException();
}
