namespace Waggle.Policy.Rules;

/// <summary>What the status of policies that name nodes by label says where all other nodes are one.</summary>
public static class NodeSelectorNote
{
    public static PolicyProblem Problem { get; } = new(
        "fromNodes/toNodes", "", "other nodes are not told apart: labels other than reserved:remote-node match only the node itself; set enable-node-selector-labels in ConfigMap cilium-config");
}
