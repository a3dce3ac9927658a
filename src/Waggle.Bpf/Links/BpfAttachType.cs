namespace Waggle.Bpf;

/// <summary>enum bpf_attach_type of linux/bpf.h, as far as Waggle attaches.</summary>
public enum BpfAttachType
{
    CgroupInetIngress = 0,
    CgroupInetEgress = 1,
    CgroupInetSockCreate = 2,
    CgroupSockOps = 3,
    CgroupInet4Bind = 8,
    CgroupInet6Bind = 9,
    CgroupInet4Connect = 10,
    CgroupInet6Connect = 11,
    CgroupInet4PostBind = 12,
    CgroupInet6PostBind = 13,
    CgroupUdp4SendMessage = 14,
    CgroupUdp6SendMessage = 15,
    CgroupUdp4ReceiveMessage = 19,
    CgroupUdp6ReceiveMessage = 20,
    CgroupInet4GetPeerName = 29,
    CgroupInet6GetPeerName = 30,
    CgroupInet4GetSockName = 31,
    CgroupInet6GetSockName = 32,
    CgroupInetSockRelease = 34,
    SkLookup = 36,
    Xdp = 37,
    TcxIngress = 46,
    TcxEgress = 47,
}

/// <summary>How XDP runs on a device.</summary>
public enum XdpMode : uint
{
    /// <summary>In the driver where it can, else generic.</summary>
    Any = 0,

    /// <summary>Generic (after the skb is built).</summary>
    Generic = 1 << 1,

    /// <summary>In the driver or not at all.</summary>
    Driver = 1 << 2,
}
