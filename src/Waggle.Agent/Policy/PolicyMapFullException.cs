namespace Waggle.Agent.Policy;

/// <summary>A map has no room for what has to be written; nothing of it was left behind.</summary>
internal sealed class PolicyMapFullException(string map, int used, int needed, int max, string key)
    : Exception($"map {map} is full: {used} of {max} rows are in use, {needed} more are needed; raise {key} in ConfigMap cilium-config and restart the agent, or use fewer policies")
{
    public string Map => map;
}
