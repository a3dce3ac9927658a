namespace Waggle.Policy.Rules;

/// <summary>The kinds of objects that hold policy.</summary>
public enum PolicyKind
{
    NetworkPolicy,
    CiliumNetworkPolicy,
    CiliumClusterwideNetworkPolicy,
}

/// <summary>Which object a policy is.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Namespace">Empty for clusterwide policies.</param>
/// <param name="Name">Its name.</param>
public readonly record struct PolicyKey(PolicyKind Kind, string Namespace, string Name)
{
    public override string ToString() => Namespace.Length == 0 ? $"{Kind} {Name}" : $"{Kind} {Namespace}/{Name}";
}
