using Waggle.Cli;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Commands.Hubble.Observe;

/// <summary>
/// Filter flags on their way to the protocol. A flag about "either side" needs two filters, one about the source and one about the
/// destination: the flow passes when one of them takes it.
/// </summary>
internal sealed class FilterSet
{
    // Flags of one line contradict each other: they would fill the same field with different meanings.
    private static readonly string[][] Exclusive =
    [
        ["from-fqdn", "from-ip", "ip", "fqdn", "from-namespace", "namespace", "from-all-namespaces", "all-namespaces"],
        ["from-fqdn", "from-ip", "ip", "fqdn", "from-pod", "pod"],
        ["to-fqdn", "to-ip", "ip", "fqdn", "to-namespace", "namespace", "to-all-namespaces", "all-namespaces"],
        ["to-fqdn", "to-ip", "ip", "fqdn", "to-pod", "pod"],
        ["to-pod", "namespace", "all-namespaces"], ["from-pod", "namespace", "all-namespaces"],
        ["to-service", "namespace", "all-namespaces"], ["from-service", "namespace", "all-namespaces"],
        ["label", "from-label"], ["label", "to-label"], ["service", "from-service"], ["service", "to-service"], ["port", "to-port"], ["port", "from-port"],
        ["identity", "to-identity"], ["identity", "from-identity"], ["workload", "to-workload"], ["workload", "from-workload"], ["node-name", "cluster"],
        ["encrypted", "unencrypted"],
    ];

    private readonly HashSet<string> _typed = [];
    private readonly List<string> _either = [], _source = [], _destination = [];
    private FlowFilter? _left, _right;

    /// <summary>Notes that a flag was typed.</summary>
    /// <exception cref="CliException">It contradicts an earlier one.</exception>
    public void Note(string flag)
    {
        _typed.Add(flag);
        foreach (var group in Exclusive.Where(group => group.Contains(flag)))
        {
            if (group.FirstOrDefault(other => other != flag && _typed.Contains(other)) is { } other)
            {
                throw CliException.Usage($"filters --{other} and --{flag} cannot be combined", "Their filters would fill the same field of the request; use --from-… and --to-… alone, or --allowlist.");
            }
        }
    }

    /// <summary>Changes both filters alike.</summary>
    public void Both(Action<FlowFilter> change)
    {
        change(_left ??= new FlowFilter());
        change(_right ??= new FlowFilter());
    }

    /// <summary>Changes one filter for the source and the other for the destination.</summary>
    public void Either(Action<FlowFilter> source, Action<FlowFilter> destination)
    {
        source(_left ??= new FlowFilter());
        destination(_right ??= new FlowFilter());
    }

    /// <summary>A namespace for the pods and services of a side; empty: any.</summary>
    public void Namespace(string side, string name) => (side switch { "from" => _source, "to" => _destination, _ => _either }).Add(name);

    /// <summary>The finished filters: none, one, or one for each side.</summary>
    /// <exception cref="CliException">A pod or service is of another namespace than the one asked for.</exception>
    public IReadOnlyList<FlowFilter> Build()
    {
        if (_left is null && _right is null && _either.Count + _source.Count + _destination.Count == 0)
        {
            return [];
        }

        FlowFilter left = _left?.Clone() ?? new FlowFilter(), right = _right?.Clone() ?? new FlowFilter();
        NamespaceRules.Check(left, _either, _source, _destination);
        NamespaceRules.Check(right, _either, _source, _destination);
        foreach (var filter in new[] { left, right })
        {
            NamespaceRules.ApplyToDestination(filter, _destination);
            NamespaceRules.ApplyToSource(filter, _source);
        }

        NamespaceRules.ApplyToSource(left, _either);
        NamespaceRules.ApplyToDestination(right, _either);
        return left.Equals(right) ? [left] : [left, right];
    }
}
