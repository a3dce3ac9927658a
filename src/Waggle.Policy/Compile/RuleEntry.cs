using Waggle.Policy.Addresses;
using Waggle.Policy.Rules;

namespace Waggle.Policy.Compile;

/// <summary>One rule of one version of a policy. What it refers to (groups, Services) is fixed for an entry; when that changes there is a new one.</summary>
internal sealed class RuleEntry(int serial, ParsedPolicy policy, PolicyRule rule, OriginTable.Place place, OriginTable.Place[] sectionPlaces)
{
    /// <summary>Never given twice.</summary>
    public int Serial => serial;

    public ParsedPolicy Policy => policy;

    public PolicyRule Rule => rule;

    /// <summary>Stands for the rule where it is about default deny.</summary>
    public OriginTable.Place Place => place;

    /// <summary>One per section.</summary>
    public OriginTable.Place[] SectionPlaces => sectionPlaces;

    /// <summary>Prefixes that need local identities because of this rule (those of groups are counted with the group).</summary>
    public List<IpPrefix> Cidrs { get; } = [];

    /// <summary>True when it says anything about the direction.</summary>
    public bool Concerns(Direction direction) => rule.DeniesByDefault(direction) || rule.Sections.Any(s => s.Direction == direction);
}
