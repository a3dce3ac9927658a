using Waggle.Datapath.Abi;

namespace Waggle.Datapath.Tests.Packets.Support;

/// <summary>Node configurations and endpoints that tests start from.</summary>
internal static class Configs
{
    public const string Pod4 = "10.0.1.5";
    public const string Pod6 = "fd00::105";
    public const string PodLink = "fe80::1:1";
    public const string Other4 = "10.0.1.6";
    public const string Other6 = "fd00::106";
    public const string Router4 = "10.0.1.1";
    public const string Router6 = "fd00::101";
    public const string Node4 = "172.18.0.2";
    public const string Node6 = "fc00:f853:ccd:e793::2";
    public const string RemoteNode4 = "172.18.0.3";
    public const string RemoteNode6 = "fc00:f853:ccd:e793::3";
    public const string Remote4 = "10.0.2.7";
    public const string Remote6 = "fd00::207";
    public const string World4 = "203.0.113.9";
    public const string World6 = "2001:db8:ffff::9";

    /// <summary>Dual stack, tunnel, multicast on; what a lab node has.</summary>
    public static AbiConfig Tunnel => new()
    {
        Ipv4Enabled = 1,
        Ipv6Enabled = 1,
        SourceCheck = 1,
        RedirectPeer = 1,
        MulticastEnabled = 1,
        McastFastLeave = 1,
        PathMtuCheck = 1,
        OverlayIfindex = 40,
        HostIfindex = 41,
        UplinkIfindex = 42,
        HostMac = Mac.Abi(Mac.Host),
        PathMtuFloor = 1280,
        RouterIpv4 = Hook.Addr(Router4),
        RouterIpv6 = Hook.Addr(Router6),
        MasqueradeAddressIpv4 = Hook.Addr(Node4),
        MasqueradeAddressIpv6 = Hook.Addr(Node6),
        SnatPortMin = 61000,
        SnatPortMax = 65000,
        McastMaxRecords = 1200,
        McastMaxSources = 64,
        McastMaxGroups = 16,
        EventRate = 1000,
        EventBurst = 1000,
    };

    public static AbiConfig Masquerading => Tunnel with { MasqueradeIpv4 = 1, MasqueradeIpv6 = 1 };

    /// <summary>The sending pod: behind the loopback device, where test runs receive unless told otherwise.</summary>
    public static EndpointInfo Sender => new()
    {
        Ifindex = 1,
        Identity = 1001,
        EndpointId = 11,
        Slot = 1,
        PodMac = Mac.Abi(Mac.Pod),
        HostMac = Mac.Abi(Mac.Gateway),
        Ipv4 = Hook.Addr(Pod4),
        Ipv6 = Hook.Addr(Pod6),
    };

    public static EndpointInfo Other => new()
    {
        Ifindex = 30,
        Identity = 1002,
        EndpointId = 12,
        Slot = 2,
        PodMac = Mac.Abi(Mac.OtherPod),
        HostMac = Mac.Abi(Mac.OtherGateway),
        Ipv4 = Hook.Addr(Other4),
        Ipv6 = Hook.Addr(Other6),
    };
}
