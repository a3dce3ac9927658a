namespace Waggle.Policy.Rules.Parsing;

/// <summary>Names of entities as policies write them.</summary>
internal static class EntityNames
{
    private static readonly (string Name, Entity Entity)[] s_names =
    [
        ("all", Entity.All), ("world", Entity.World), ("world-ipv4", Entity.WorldIPv4), ("world-ipv6", Entity.WorldIPv6), ("cluster", Entity.Cluster),
        ("host", Entity.Host), ("remote-node", Entity.RemoteNode), ("kube-apiserver", Entity.KubeApiServer), ("ingress", Entity.Ingress),
        ("init", Entity.Init), ("health", Entity.Health), ("unmanaged", Entity.Unmanaged), ("none", Entity.None),
    ];

    public static IEnumerable<string> All => s_names.Select(n => n.Name);

    public static Entity? Find(string? name)
    {
        foreach ((string known, Entity entity) in s_names)
        {
            if (known == name)
            {
                return entity;
            }
        }

        return null;
    }

    public static string Of(Entity entity) => s_names.First(n => n.Entity == entity).Name;
}
