using System.Net;
using System.Net.NetworkInformation;
using Waggle.Datapath.Abi;

namespace Waggle.Datapath;

/// <summary>
/// What differs per node in the BPF programs; meaning and units are described at <c>struct datapath_config</c> in
/// <c>bpf/abi/config.h</c>. Changing a value means loading the objects again and replacing the links.
/// </summary>
public sealed record DatapathConfig
{
    public bool IPv4Enabled { get; init; } = true;

    public bool IPv6Enabled { get; init; }

    public RoutingMode RoutingMode { get; init; } = RoutingMode.Tunnel;

    /// <summary>A pod may send from its own addresses only.</summary>
    public bool SourceCheck { get; init; } = true;

    public bool RedirectPeer { get; init; } = true;

    public bool FibRedirect { get; init; } = true;

    public bool CheckTunnelSource { get; init; } = true;

    public bool MasqueradeIPv4 { get; init; }

    public bool MasqueradeIPv6 { get; init; }

    public bool MasqueradeToNodes { get; init; }

    public bool MulticastEnabled { get; init; }

    public bool MulticastFastLeave { get; init; } = true;

    public bool PathMtuCheck { get; init; } = true;

    /// <summary>IP packets up to this many bytes are never checked against the path.</summary>
    public int PathMtuFloor { get; init; } = 1280;

    /// <summary>Interface indexes; 0 where there is none.</summary>
    public int OverlayIfindex { get; init; }

    public int HostIfindex { get; init; }

    public int UplinkIfindex { get; init; }

    public uint ClusterId { get; init; }

    public PhysicalAddress HostMac { get; init; } = PhysicalAddress.None;

    public IPAddress? RouterIPv4 { get; init; }

    public IPAddress? RouterIPv6 { get; init; }

    public IPAddress? MasqueradeAddressIPv4 { get; init; }

    public IPAddress? MasqueradeAddressIPv6 { get; init; }

    /// <summary>Destinations inside are not masqueraded; null: there is no such prefix.</summary>
    public IPNetwork? NativeCidrIPv4 { get; init; }

    public IPNetwork? NativeCidrIPv6 { get; init; }

    /// <summary>The prefix this node's pods have addresses from: a hint on what to look up first, never a condition.</summary>
    public IPNetwork? LocalCidrIPv4 { get; init; }

    public IPNetwork? LocalCidrIPv6 { get; init; }

    /// <summary>Ports and ICMP ids used for masquerading; keep them apart from net.ipv4.ip_local_port_range.</summary>
    public int SnatPortMin { get; init; } = 1024;

    public int SnatPortMax { get; init; } = 32767;

    /// <summary>UDP port of the overlay, which no translation uses; 0: there is no overlay.</summary>
    public int TunnelPort { get; init; }

    /// <summary>Group records of one report; hosts put as many into one as the MTU takes (177 at 1,500 bytes).</summary>
    public int MulticastMaxRecords { get; init; } = 1200;

    public int MulticastMaxSources { get; init; } = AbiConstants.McastMaxSources;

    public int MulticastMaxGroups { get; init; } = 256;

    /// <summary>IGMP/MLD messages per second and endpoint; 0: no limit.</summary>
    public int MulticastReportRate { get; init; } = 100;

    public int MulticastReportBurst { get; init; } = 500;

    /// <summary>Drop and trace events per second and CPU; 0: none.</summary>
    public int EventRate { get; init; } = 1000;

    public int EventBurst { get; init; } = 2000;

    /// <summary>Places in the datapath that make trace events; none by default.</summary>
    public IReadOnlyCollection<TracePoint> TracePoints { get; init; } = [];

    /// <summary>Tell each step of each packet.</summary>
    public bool Debug { get; init; }

    /// <summary>Keep track of connections. Off: every packet stands for itself, and there is no policy.</summary>
    public bool ConntrackEnabled { get; init; } = true;

    /// <summary>Enforce compiled policy; needs <see cref="ConntrackEnabled"/>.</summary>
    public bool PolicyEnabled { get; init; }

    /// <summary>Enforce the policy of the node itself, too.</summary>
    public bool HostFirewall { get; init; }

    /// <summary>This node reaches its own pods whatever their policy says.</summary>
    public bool AllowLocalhost { get; init; } = true;

    public DenyResponse DenyResponse { get; init; } = DenyResponse.None;

    public TraceAggregation TraceAggregation { get; init; } = TraceAggregation.None;

    /// <summary>TCP flags that make a trace event when they are new in a connection.</summary>
    public byte TraceFlags { get; init; } = 0xff;

    /// <summary>Time between two trace events of one direction of a connection; whole seconds.</summary>
    public TimeSpan TraceInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time without a packet after which a connection is forgotten; whole seconds.</summary>
    public TimeSpan TcpTimeout { get; init; } = TimeSpan.FromSeconds(8000);

    /// <summary>The same before the answer to the first SYN.</summary>
    public TimeSpan TcpSynTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The same after both sides closed, or a reset.</summary>
    public TimeSpan TcpFinTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The same for UDP, SCTP and ICMP.</summary>
    public TimeSpan AnyTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The struct that goes into <c>.rodata</c>.</summary>
    public Abi.DatapathConfig ToAbi()
    {
        var abi = new Abi.DatapathConfig
        {
            Ipv4Enabled = Switch(IPv4Enabled),
            Ipv6Enabled = Switch(IPv6Enabled),
            RoutingMode = (byte)RoutingMode,
            SourceCheck = Switch(SourceCheck),
            RedirectPeer = Switch(RedirectPeer),
            FibRedirect = Switch(FibRedirect),
            CheckTunnelSource = Switch(CheckTunnelSource),
            MasqueradeIpv4 = Switch(MasqueradeIPv4),
            MasqueradeIpv6 = Switch(MasqueradeIPv6),
            MasqueradeToNodes = Switch(MasqueradeToNodes),
            MulticastEnabled = Switch(MulticastEnabled),
            McastFastLeave = Switch(MulticastFastLeave),
            PathMtuCheck = Switch(PathMtuCheck),
            PathMtuFloor = checked((ushort)PathMtuFloor),
            OverlayIfindex = (uint)OverlayIfindex,
            HostIfindex = (uint)HostIfindex,
            UplinkIfindex = (uint)UplinkIfindex,
            ClusterId = ClusterId,
            RouterIpv4 = Address.From(RouterIPv4),
            RouterIpv6 = Address.From(RouterIPv6),
            MasqueradeAddressIpv4 = Address.From(MasqueradeAddressIPv4),
            MasqueradeAddressIpv6 = Address.From(MasqueradeAddressIPv6),
            NativeCidrIpv4 = Address.From(NativeCidrIPv4?.BaseAddress),
            NativeCidrIpv6 = Address.From(NativeCidrIPv6?.BaseAddress),
            NativeCidrIpv4Length = (byte)(NativeCidrIPv4?.PrefixLength ?? 0),
            NativeCidrIpv6Length = (byte)(NativeCidrIPv6?.PrefixLength ?? 0),
            LocalCidrIpv4 = Address.From(LocalCidrIPv4?.BaseAddress),
            LocalCidrIpv6 = Address.From(LocalCidrIPv6?.BaseAddress),
            LocalCidrIpv4Length = (byte)(LocalCidrIPv4?.PrefixLength ?? 0),
            LocalCidrIpv6Length = (byte)(LocalCidrIPv6?.PrefixLength ?? 0),
            SnatPortMin = checked((ushort)SnatPortMin),
            SnatPortMax = checked((ushort)SnatPortMax),
            TunnelPort = checked((ushort)TunnelPort),
            McastMaxRecords = checked((ushort)MulticastMaxRecords),
            McastMaxSources = checked((ushort)MulticastMaxSources),
            McastMaxGroups = checked((ushort)MulticastMaxGroups),
            McastReportRate = (uint)MulticastReportRate,
            McastReportBurst = (uint)MulticastReportBurst,
            EventRate = (uint)EventRate,
            EventBurst = (uint)EventBurst,
            ConntrackEnabled = Switch(ConntrackEnabled),
            PolicyEnabled = Switch(PolicyEnabled && ConntrackEnabled),
            HostFirewall = Switch(HostFirewall && PolicyEnabled && ConntrackEnabled),
            AllowLocalhost = Switch(AllowLocalhost),
            DenyResponse = (byte)DenyResponse,
            TraceAggregation = (byte)TraceAggregation,
            TraceFlags = TraceFlags,
            Debug = Switch(Debug),
            TraceInterval = Seconds(TraceInterval),
            CtTimeoutTcp = Seconds(TcpTimeout),
            CtTimeoutTcpSyn = Seconds(TcpSynTimeout),
            CtTimeoutTcpFin = Seconds(TcpFinTimeout),
            CtTimeoutAny = Seconds(AnyTimeout),
            TracePoints = TracePoints.Aggregate(0u, (bits, point) => bits | (1u << (int)point)),
        };
        var mac = HostMac.GetAddressBytes();
        if (mac.Length == 6)
        {
            mac.CopyTo((Span<byte>)abi.HostMac);
        }

        return abi;
    }

    /// <summary>At least one: a connection that is gone at once is none.</summary>
    private static uint Seconds(TimeSpan time) => (uint)Math.Clamp(Math.Round(time.TotalSeconds), 1, int.MaxValue);

    private static byte Switch(bool on) => on ? (byte)1 : (byte)0;
}
