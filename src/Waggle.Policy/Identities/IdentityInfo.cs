using Waggle.Policy.Addresses;
using Waggle.Policy.Labels;
using Waggle.Policy.Rules;

namespace Waggle.Policy.Identities;

/// <summary>An identity as the compiler knows it. Replaced as a whole when anything about it changes.</summary>
internal sealed class IdentityInfo(uint id, int slot, LabelSet labels, IReadOnlyCollection<NamedPort>? ports)
{
    public uint Id => id;

    /// <summary>A small number, for arrays.</summary>
    public int Slot => slot;

    public LabelSet Labels => labels;

    public IpPrefix? Prefix => labels.Prefix;

    /// <summary>Sorted, without duplicates.</summary>
    public NamedPort[] Ports { get; } = ports is null or { Count: 0 } ? [] : [.. ports.Distinct().OrderBy(p => p.Name, StringComparer.Ordinal).ThenBy(p => p.Protocol).ThenBy(p => p.Port)];

    public bool HasSame(LabelSet otherLabels, NamedPort[] otherPorts) => labels.Equals(otherLabels) && Ports.AsSpan().SequenceEqual(otherPorts);
}
