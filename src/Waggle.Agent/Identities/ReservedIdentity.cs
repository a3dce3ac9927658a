namespace Waggle.Agent.Identities;

/// <summary>Identities that exist without labels of pods. The numbers are on the wire (VXLAN VNI) and in pinned maps: never change one.</summary>
public static class ReservedIdentity
{
    public const uint Unknown = 0;
    public const uint Host = 1;
    public const uint World = 2;
    public const uint Unmanaged = 3;
    public const uint Health = 4;
    public const uint Init = 5;
    public const uint RemoteNode = 6;
    public const uint KubeApiserver = 7;
    public const uint Ingress = 8;
    public const uint WorldIpv4 = 9;
    public const uint WorldIpv6 = 10;

    /// <summary>First and last number that stand for labels of pods, within a cluster.</summary>
    public const uint FirstAllocated = 256, LastAllocated = 65535;

    /// <summary>The numbers of cluster <paramref name="id"/> (0 ... 255) are above this; the first is <see cref="FirstAllocated"/> higher.</summary>
    public static uint OfCluster(uint id) => id << 16;

    /// <summary>True for numbers that stand for labels of pods, of whatever cluster.</summary>
    public static bool IsAllocated(uint number) => number < 1u << 24 && (number & 0xffff) >= FirstAllocated;

    /// <summary>Number and label of every reserved identity.</summary>
    public static IReadOnlyList<(uint Id, string Label)> All { get; } =
    [
        (Host, "reserved:host"), (World, "reserved:world"), (Unmanaged, "reserved:unmanaged"), (Health, "reserved:health"), (Init, "reserved:init"),
        (RemoteNode, "reserved:remote-node"), (KubeApiserver, "reserved:kube-apiserver"), (Ingress, "reserved:ingress"),
        (WorldIpv4, "reserved:world-ipv4"), (WorldIpv6, "reserved:world-ipv6"),
    ];
}
