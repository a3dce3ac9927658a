namespace Waggle.Lab.Nodes.Launching;

/// <summary>Where the launcher keeps a pod's namespaces, as the node sees it.</summary>
internal static class SandboxPaths
{
    /// <summary>The pod's network namespace: what a CNI plugin gets as CNI_NETNS.</summary>
    public static string Network(string sandbox) => $"/run/netns/{sandbox}";

    public static string HostName(string sandbox) => $"/run/waggle/pods/{sandbox}/uts";

    public static string Ipc(string sandbox) => $"/run/waggle/pods/{sandbox}/ipc";
}
