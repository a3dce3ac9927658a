using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Waggle.Agent.Tests.Cluster;

namespace Waggle.Agent.Tests.Hubble;

/// <summary>
/// Eth0 of a pod by hand (packet(7)): every frame is sent once and read once. The pod's own stack has no address, so it neither
/// answers nor repeats anything.
/// </summary>
internal sealed class PodWire : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Socket _socket;
    private readonly LinkEndPoint _device;
    private readonly string _name;
    private readonly List<byte[]> _arrived = [];
    private readonly byte[] _buffer = new byte[65536];

    private PodWire(string name, Socket socket, int ifindex)
    {
        (_name, _socket) = (name, socket);
        _device = new LinkEndPoint(ifindex);
        socket.Bind(_device);
        socket.ReceiveBufferSize = 4 << 20;
    }

    /// <summary>Takes the pod's addresses away from its stack, and the device over.</summary>
    public static async Task<PodWire> OpenAsync(TestPod pod)
    {
        (int code, string output) = await pod.RunAsync("ip -4 addr flush dev eth0; ip -6 addr flush dev eth0 scope global; ip -o link show eth0 | cut -d: -f1");
        string index = output.Trim().Split('\n')[^1];
        if (code != 0 || !int.TryParse(index, out int ifindex))
        {
            throw new InvalidOperationException($"{pod.Name}: {output}");
        }

        return new PodWire(pod.Name, pod.Network.Run(() => new Socket(AddressFamily.Packet, SocketType.Raw, (ProtocolType)LinkEndPoint.AllProtocols)), ifindex);
    }

    /// <summary>Reads what comes to a port of the bridge between the nodes, and leaves it to the bridge.</summary>
    public static async Task<PodWire> TapAsync(TestCluster cluster, string port)
    {
        using Process show = cluster.StartOutside("sh", "-c", $"ip -o link show {port} | cut -d: -f1");
        int ifindex = int.Parse(await show.StandardOutput.ReadToEndAsync(), CultureInfo.InvariantCulture);
        return new PodWire(port, cluster.Underlay.Run(() => new Socket(AddressFamily.Packet, SocketType.Raw, (ProtocolType)LinkEndPoint.AllProtocols)), ifindex);
    }

    public void Send(byte[] frame) => _socket.SendTo(frame, _device);

    /// <summary>Forgets what came so far: on a busy wire there is soon no room for more.</summary>
    public void Clear()
    {
        _arrived.Clear();
        while (_socket.Poll(TimeSpan.Zero, SelectMode.SelectRead))
        {
            _socket.Receive(_buffer);
        }
    }

    /// <summary>Waits for a frame and takes it; the same frame is not found again.</summary>
    /// <param name="what">For the message when it does not come.</param>
    /// <param name="matches">Asked about everything on the device, in either direction.</param>
    public byte[] Take(string what, Func<byte[], bool> matches)
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            if (_arrived.FindIndex(f => matches(f)) is var found and >= 0)
            {
                byte[] frame = _arrived[found];
                _arrived.RemoveAt(found);
                return frame;
            }

            TimeSpan left = Patience - Stopwatch.GetElapsedTime(started);
            if (left <= TimeSpan.Zero || !_socket.Poll(left, SelectMode.SelectRead))
            {
                throw new TimeoutException($"{_name} did not get {what}");
            }

            EndPoint from = new LinkEndPoint(0);
            int length = _socket.ReceiveFrom(_buffer, ref from);
            if (((LinkEndPoint)from).PacketType != LinkEndPoint.Outgoing)
            {
                _arrived.Add(_buffer[..length]);
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>struct sockaddr_ll.</summary>
    private sealed class LinkEndPoint(int ifindex) : EndPoint
    {
        /// <summary>htons(ETH_P_ALL).</summary>
        public const int AllProtocols = 0x0300;

        public const byte Outgoing = 4;

        public override AddressFamily AddressFamily => AddressFamily.Packet;

        public byte PacketType { get; private init; }

        public override SocketAddress Serialize()
        {
            var address = new SocketAddress(AddressFamily.Packet, 20);
            MemoryMarshal.Write(address.Buffer.Span[2..], (ushort)AllProtocols);
            MemoryMarshal.Write(address.Buffer.Span[4..], ifindex);
            address[11] = 6;
            return address;
        }

        public override EndPoint Create(SocketAddress socketAddress) => new LinkEndPoint(0) { PacketType = socketAddress[10] };
    }
}
