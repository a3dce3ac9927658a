using System.Collections.Immutable;
using Waggle.Policy.Labels;
using Waggle.Policy.Selectors;

namespace Waggle.Policy.Rules;

/// <summary>Seen from the subject.</summary>
public enum Direction
{
    Ingress,
    Egress,
}

/// <summary>One <c>spec</c>: whom it applies to, and its sections.</summary>
public sealed record PolicyRule
{
    /// <summary>0 for <c>spec</c>; entries of <c>specs</c> count on behind it.</summary>
    public required int Index { get; init; }

    /// <summary>JSON pointer of the spec, e.g. <c>/specs/0</c>.</summary>
    public required string Pointer { get; init; }

    /// <summary>Whom it applies to, the policy's namespace included.</summary>
    public required Selector Subject { get; init; }

    /// <summary>True: applies to nodes (host firewall), and to nothing else.</summary>
    public bool SelectsNodes { get; init; }

    /// <summary>True when what is selected gets default deny for what comes in.</summary>
    public bool DeniesIngressByDefault { get; init; }

    /// <summary>True when what is selected gets default deny for what goes out.</summary>
    public bool DeniesEgressByDefault { get; init; }

    /// <summary>True when only <c>enableDefaultDeny.ingress: false</c> keeps default deny off for what comes in.</summary>
    public bool WaivesIngressDeny { get; init; }

    /// <summary>True when only <c>enableDefaultDeny.egress: false</c> keeps default deny off for what goes out.</summary>
    public bool WaivesEgressDeny { get; init; }

    public ImmutableArray<RuleSection> Sections { get; init; } = [];

    public string Description { get; init; } = "";

    public ImmutableArray<Label> Labels { get; init; } = [];

    public bool DeniesByDefault(Direction direction) => direction == Direction.Ingress ? DeniesIngressByDefault : DeniesEgressByDefault;
}

/// <summary>What a section does with the traffic it matches; the first that matches, in this order, decides.</summary>
public enum SectionEffect
{
    /// <summary>Allowed whatever else says; for policies of the program itself.</summary>
    Protect,

    Deny,

    Allow,

    /// <summary>
    /// Allowed only if a proxy found the right content, or the peer had proved who it is. There is neither yet, so it is denied unless
    /// another section allows it, also where default deny is off.
    /// </summary>
    Unenforceable,
}

/// <summary>One entry of <c>ingress</c>, <c>ingressDeny</c>, <c>egress</c> or <c>egressDeny</c>: peers and ports.</summary>
public sealed record RuleSection
{
    public required Direction Direction { get; init; }

    public SectionEffect Effect { get; init; } = SectionEffect.Allow;

    public bool IsDeny => Effect == SectionEffect.Deny;

    /// <summary>Place in its list.</summary>
    public required int Index { get; init; }

    /// <summary>JSON pointer of the entry, e.g. <c>/spec/ingress/0</c>.</summary>
    public required string Pointer { get; init; }

    /// <summary>True when the entry names no peer and so means all; <see cref="Peers"/> is empty then.</summary>
    public bool AllPeers { get; init; }

    /// <summary>Empty without <see cref="AllPeers"/>: nobody.</summary>
    public ImmutableArray<Peer> Peers { get; init; } = [];

    /// <summary><c>fromRequires</c>: every endpoint peer of all rules of the same effect must also match these.</summary>
    public ImmutableArray<Selector> Requires { get; init; } = [];

    /// <summary>Null: all traffic. Empty: none.</summary>
    public ImmutableArray<PortMatch>? Ports { get; init; }
}
