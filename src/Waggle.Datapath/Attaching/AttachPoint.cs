using Waggle.Netlink;

namespace Waggle.Datapath.Attaching;

/// <summary>A place for a program: a device and a direction as the device sees it (ingress of a pod's veth is what the pod sends).</summary>
/// <param name="Device">Name of the device; names the pin.</param>
/// <param name="Ifindex">Its index: the identity of the device, also when the name is used again.</param>
/// <param name="Direction">Ingress or egress.</param>
public sealed record AttachPoint(string Device, int Ifindex, TrafficDirection Direction)
{
    /// <summary>Name of the pin: bpffs refuses dots, which device names may have.</summary>
    public string PinName => $"{Device.Replace("%", "%25", StringComparison.Ordinal).Replace(".", "%2E", StringComparison.Ordinal)}_{Suffix}";

    private string Suffix => Direction == TrafficDirection.Ingress ? "ingress" : "egress";

    public override string ToString() => $"{Suffix} of {Device} (#{Ifindex})";
}
