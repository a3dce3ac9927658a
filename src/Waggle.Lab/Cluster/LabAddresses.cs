using System.Net;

namespace Waggle.Lab.Cluster;

/// <summary>
/// Names and addresses of a lab's nodes. They are the ones that people know from kind; two labs may have the same ones, because
/// each has an underlay of its own that no other namespace sees.
/// </summary>
internal static class LabAddresses
{
    public const int UnderlayPrefixV4 = 16;
    public const int UnderlayPrefixV6 = 64;

    /// <summary>Port on which the nodes reach the API server.</summary>
    public const int ApiPort = 6443;

    /// <summary>The underlay bridge: the nodes' default gateway and "the outside".</summary>
    public static readonly IPAddress GatewayV4 = IPAddress.Parse("172.18.0.1");

    /// <inheritdoc cref="GatewayV4"/>
    public static readonly IPAddress GatewayV6 = IPAddress.Parse("fc00:f853:ccd:e793::1");

    public static string NodeName(string lab, int index) => index switch
    {
        0 => $"{lab}-control-plane",
        1 => $"{lab}-worker",
        _ => $"{lab}-worker{index}",
    };

    public static IPAddress NodeV4(int index) => IPAddress.Parse($"172.18.0.{2 + index}");

    public static IPAddress NodeV6(int index) => IPAddress.Parse($"fc00:f853:ccd:e793::{2 + index:x}");

    /// <summary>The node's addresses in the families of the lab, the preferred one first.</summary>
    public static IReadOnlyList<IPAddress> Node(LabFamilies families, int index) => families switch
    {
        LabFamilies.IPv4 => [NodeV4(index)],
        LabFamilies.IPv6 => [NodeV6(index)],
        _ => [NodeV4(index), NodeV6(index)],
    };
}
