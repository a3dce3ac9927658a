using System.Buffers.Binary;
using System.Net;
using Waggle.Bench.Programs;
using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Loading;
using DatapathConfig = Waggle.Datapath.DatapathConfig;

namespace Waggle.Bench.Policy;

/// <summary>How large the policy of both ends is.</summary>
/// <param name="Peers">Identities that each side has a row for.</param>
/// <param name="Rules">Ports that each side has a row for.</param>
internal readonly record struct PolicySize(int Peers, int Rules);

/// <summary>
/// The product's pod object as a node in tunnel mode has it, with policy of both directions at the sender and its local peers. The
/// frame is a TCP segment to port 80 from the pod behind the loopback device.
/// </summary>
internal sealed class PolicyRig : IDisposable
{
    internal const ushort FirstPort = 20000;
    internal const uint LocalPeer = 0x0a400000;  // 10.64.0.0
    internal const uint RemotePeer = 0x0a800000; // 10.128.0.0
    internal const int Peers = 16;

    private const uint SenderSubject = 1;
    private const uint PeerSubject = 2;
    private const uint SenderIdentity = 1001;
    private const uint PeerIdentity = 2000;
    private const uint SenderTable = 1;
    private const uint PeerTable = 2;
    private const ushort Class = 5;
    private const byte Allow = ((byte)PolicyMatch.L3L4 << 4) | (byte)PolicyAction.Allow;
    private readonly List<IDisposable> _owned = [];
    private readonly BpfObject _pod;

    /// <param name="size">Null: policy off.</param>
    internal PolicyRig(PolicySize? size)
    {
        var config = new DatapathConfig
        {
            IPv6Enabled = true,
            MulticastEnabled = true,
            OverlayIfindex = 40,
            HostIfindex = 41,
            UplinkIfindex = 42,
            RouterIPv4 = IPAddress.Parse("10.0.1.1"),
            LocalCidrIPv4 = IPNetwork.Parse("10.64.0.0/10"),
            PolicyEnabled = size is not null,
        }.ToAbi();
        _pod = Own(BpfObject.Open(EmbeddedObjects.Read("pod"), new BpfObjectOptions { Name = "pod" }));
        _pod.SetVariable("config", config);
        _pod.Load();
        Program = Own(_pod.GetProgram("from_pod"));
        var sender = Pod(Address.From(PodProgram.Sender), 1, 1, SenderIdentity, SenderSubject);
        using var devices = _pod.GetMap<uint, EndpointInfo>("endpoints_by_ifindex");
        devices.Update(1, sender);
        using var endpoints = _pod.GetMap<EndpointKey, EndpointInfo>("endpoints");
        using var ipcache = _pod.GetMap<IpcacheKey, IpcacheEntry>("ipcache");
        endpoints.Update(new EndpointKey { Address = sender.Ipv4 }, sender);
        for (var i = 0u; i < Peers; i++)
        {
            var peer = Pod(AddressOf(LocalPeer + i), 100 + i, 2 + i, PeerIdentity, PeerSubject);
            endpoints.Update(new EndpointKey { Address = peer.Ipv4 }, peer);
            ipcache.Update(new IpcacheKey { Address = AddressOf(RemotePeer + i) }, new IpcacheEntry { TunnelEndpoint = AddressOf(0xac120003), Identity = PeerIdentity });
        }

        using var state = _pod.GetMap<uint, PolicyState>("policy_state");
        state.Update(0, new PolicyState { Revision = 1 });
        using var forwarding = _pod.GetMap<uint, ForwardingState>("forwarding_state");
        forwarding.Update(0, new ForwardingState { Generation = 1 });
        if (size is { } s)
        {
            using var subjects = _pod.GetMap<uint, PolicySubject>("policy_subjects");
            Fill(SenderTable, PeerIdentity, s);
            Fill(PeerTable, SenderIdentity, s);
            subjects.Update(SenderSubject, new PolicySubject { Egress = new PolicySide { Table = SenderTable, Mode = (byte)PolicyMode.On } });
            subjects.Update(PeerSubject, new PolicySubject { Ingress = new PolicySide { Table = PeerTable, Mode = (byte)PolicyMode.On } });
        }
    }

    internal BpfProgram Program { get; }

    /// <summary>Packets that were not forwarded, whatever the reason.</summary>
    internal long Drops
    {
        get
        {
            using var sites = _pod.GetMap("metrics_sites").AsPerCpu<MetricsSite, MetricsEntry>();
            return sites.Entries().Sum(site => site.Value.Sum(entry => (long)entry.Packets));
        }
    }

    /// <summary>A segment to a peer; <paramref name="flags"/>: 2 opens, 16 belongs to an open connection.</summary>
    internal static byte[] Segment(uint to, byte flags)
    {
        var udp = Frame.Udp(PodProgram.GatewayMac, PodProgram.SenderMac, PodProgram.Sender, PodProgram.IPv4(to));
        udp[23] = 6;
        BinaryPrimitives.WriteUInt16BigEndian(udp.AsSpan(34), FirstPort);
        BinaryPrimitives.WriteUInt16BigEndian(udp.AsSpan(36), 80);
        udp.AsSpan(38).Clear();
        udp[46] = 5 << 4;
        udp[47] = flags;
        return udp;
    }

    /// <summary>Connections that are open, from consecutive ports.</summary>
    internal void Establish(uint to, int count)
    {
        using var conntrack = _pod.GetMap<ConntrackKey, ConntrackEntry>("conntrack");
        for (var i = 0; i < count; i++)
        {
            conntrack.Update(
                new ConntrackKey { Low = Address.From(PodProgram.Sender), High = AddressOf(to), LowPort = (ushort)(FirstPort + i), HighPort = 80, Protocol = 6 },
                new ConntrackEntry
                {
                    Expires = uint.MaxValue / 2,
                    Flags = (ushort)(ConntrackFlags.LowInitiated | ConntrackFlags.SeenReply),
                    FlagsInitiator = 0xff,
                    InitiatorIdentity = SenderIdentity,
                    ResponderIdentity = PeerIdentity,
                    Revision = 1,
                    EgressRule = 1,
                    IngressRule = to < RemotePeer ? 2u : 0,
                });
        }
    }

    public void Dispose()
    {
        _owned.Reverse();
        _owned.ForEach(item => item.Dispose());
    }

    private static Address AddressOf(uint address) => Address.From(PodProgram.IPv4(address));

    private static EndpointInfo Pod(Address address, uint ifindex, uint id, uint identity, uint subject)
    {
        var pod = new EndpointInfo { Ifindex = ifindex, Identity = identity, EndpointId = id, Slot = id, Ipv4 = address, PolicySubject = subject };
        ReadOnlySpan<byte> mac = [2, 0, 1, 0, (byte)(id >> 8), (byte)id];
        mac.CopyTo(pod.PodMac);
        PodProgram.GatewayMac.CopyTo(pod.HostMac);
        return pod;
    }

    /// <summary>Peers around the one that counts, ports around 80.</summary>
    private void Fill(uint table, uint peer, PolicySize size)
    {
        using var peers = _pod.GetMap<PolicyPeerKey, PolicyPeer>("policy_peers");
        using var rules = _pod.GetMap<PolicyRuleKey, PolicyRule>("policy_rules");
        for (var i = 0u; i < size.Peers; i++)
        {
            peers.Update(
                new PolicyPeerKey { Table = table, Identity = i == 0 ? peer : 100_000 + i },
                new PolicyPeer { Class = Class, Prefixes = (1u << 16) | (1u << (int)PolicyProtocolBit.Tcp) });
        }

        for (var i = 0; i < size.Rules; i++)
        {
            rules.Update(
                new PolicyRuleKey { Table = table, Class = Class, Protocol = 6, PrefixLength = 16, Port = (ushort)(80 + i) },
                new PolicyRule { Rule = table, ShadowRule = table, Decision = Allow, ShadowDecision = Allow });
        }
    }

    private T Own<T>(T item)
        where T : IDisposable
    {
        _owned.Add(item);
        return item;
    }
}
