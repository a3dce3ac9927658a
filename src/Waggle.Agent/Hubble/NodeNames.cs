namespace Waggle.Agent.Hubble;

/// <summary>Names of nodes as Hubble writes them.</summary>
internal static class NodeNames
{
    /// <summary>"cluster/node"; in the cluster "default" the node alone.</summary>
    public static string Of(string cluster, string node) => cluster is "" or "default" ? node : $"{cluster}/{node}";
}
