using Waggle.Kube.Resources;
using Waggle.Lab.Nodes.Variables;

namespace Waggle.Lab.Nodes.Pods;

/// <summary>What the parts of one pod share: the pod as last seen, its sandbox, its addresses.</summary>
internal sealed class PodScope
{
    private readonly Action _changed;
    private Pod _pod;
    private PodAddresses _addresses;

    public PodScope(NodeContext node, Pod pod, Action changed)
    {
        Node = node;
        _pod = pod;
        _changed = changed;
        _addresses = new PodAddresses([], [.. node.Options.Addresses.Select(address => address.ToString())]);
    }

    public NodeContext Node { get; }

    /// <summary>Names the pod's namespaces on this node; a new one for each time the pod is set up.</summary>
    public string Sandbox { get; } = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));

    public Pod Pod
    {
        get => Volatile.Read(ref _pod);
        set => Volatile.Write(ref _pod, value);
    }

    public PodAddresses Addresses
    {
        get => Volatile.Read(ref _addresses);
        set
        {
            Volatile.Write(ref _addresses, value);
            Changed();
        }
    }

    public string Namespace => Pod.Metadata.Namespace ?? "default";

    public string Name => Pod.Metadata.Name ?? "";

    public string Uid => Pod.Metadata.Uid ?? "";

    public bool HostNetwork => Pod.Spec.HostNetwork == true;

    public string HostName => HostNetwork ? Node.Options.Name : Pod.Spec.Hostname is { Length: > 0 } name ? name : Name[..Math.Min(Name.Length, 63)];

    /// <summary>As messages name a pod: <c>NAME_NAMESPACE(UID)</c>.</summary>
    public string FullName => $"{Name}_{Namespace}({Uid})";

    public string Cgroup => $"pods/{Uid}";

    /// <summary>Something that the pod's status shows has changed.</summary>
    public void Changed() => _changed();
}
