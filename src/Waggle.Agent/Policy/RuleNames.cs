using System.Collections.Concurrent;
using Waggle.Agent.Hubble;
using Waggle.Hubble.Flows;
using Waggle.Policy.Compile;
using Waggle.Policy.Rules;

namespace Waggle.Agent.Policy;

/// <summary>What the numbers of rules in events and counters stand for. Numbers live long enough: a freed one rests until the next commit.</summary>
internal sealed class RuleNames : IRuleNames
{
    private readonly ConcurrentDictionary<uint, (RuleOrigin Origin, IReadOnlyList<PolicyInfo> Policies)> _known = new();

    /// <summary>Everything known now, by number.</summary>
    public IEnumerable<RuleOrigin> All => _known.OrderBy(r => r.Key).Select(r => r.Value.Origin);

    public IReadOnlyList<PolicyInfo>? Find(uint rule) => _known.TryGetValue(rule, out var names) ? names.Policies : null;

    /// <summary>What a number stands for; null for 0 and for what is gone.</summary>
    public RuleOrigin? Origin(uint rule) => _known.TryGetValue(rule, out var names) ? names.Origin : null;

    /// <summary>Learns the numbers in rows that were written.</summary>
    internal void Learn(PolicyEngine engine, IEnumerable<uint> rules)
    {
        foreach (uint rule in rules)
        {
            if (rule != 0 && !_known.ContainsKey(rule) && engine.Describe(rule) is { } origin)
            {
                _known[rule] = (origin, [.. origin.Policies.Select(p => Info(p, (ulong)engine.Revision))]);
            }
        }
    }

    internal void Forget(IEnumerable<uint> rules)
    {
        foreach (uint rule in rules)
        {
            _known.TryRemove(rule, out _);
        }
    }

    private static PolicyInfo Info(PolicyKey key, ulong revision) => new(key.Name, key.Namespace, key.Kind.ToString(), [], revision);
}
