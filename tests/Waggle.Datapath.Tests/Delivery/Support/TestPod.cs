using System.Net;
using System.Net.Sockets;
using Waggle.Datapath.Abi;
using Waggle.Linux;

namespace Waggle.Datapath.Tests.Delivery.Support;

/// <summary>A pod: a namespace with eth0, reached over a veth pair. Sockets made here stay in its namespace.</summary>
internal sealed class TestPod(TestNode node, int number) : IDisposable
{
    public NetworkNamespace Namespace { get; } = NetworkNamespace.Create();

    public TestNode Node { get; } = node;

    /// <summary>Last part of the addresses, endpoint id and slot.</summary>
    public int Number { get; } = number;

    public string Device => $"lxc{Number}";

    public IPAddress IPv4 { get; } = IPAddress.Parse($"10.0.{node.Number}.{number}");

    public IPAddress IPv6 { get; } = IPAddress.Parse($"fd00::{node.Number}:{number}");

    public uint Identity => (uint)((Node.Number * 1000) + Number);

    public IPAddress Address(bool ipv6) => ipv6 ? IPv6 : IPv4;

    public Socket Socket(bool ipv6, SocketType type = SocketType.Dgram) => Sockets.Create(Namespace, ipv6, type);

    public EndpointInfo Row(int ifindex, byte[] podMac, byte[] hostMac)
    {
        var row = new EndpointInfo
        {
            Ifindex = (uint)ifindex,
            Identity = Identity,
            EndpointId = (uint)Number,
            Slot = (uint)Number,
            Ipv4 = AbiAddress.From(IPv4),
            Ipv6 = AbiAddress.From(IPv6),
        };
        podMac.CopyTo((Span<byte>)row.PodMac);
        hostMac.CopyTo((Span<byte>)row.HostMac);
        return row;
    }

    public void Dispose() => Namespace.Dispose();
}
