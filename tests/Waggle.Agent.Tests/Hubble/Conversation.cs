using System.Net;
using System.Net.Sockets;
using Waggle.Datapath.Tests.Packets.Support;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Agent.Tests.Hubble;

/// <summary>A scripted exchange of packets, and every flow that it makes.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Script">Sends the packets, each after the one before has arrived.</param>
/// <param name="Flows">
/// One line per flow, in each node's order: the levels at which it is told (N none, L low, M medium, X maximum), then <see cref="FlowText"/>. Where
/// the tunnel is between the nodes; over native routing it follows from that, see <see cref="OverNative"/>. "stack0" is <see cref="Stack"/>.
/// </param>
internal sealed record Conversation(string Name, Func<Talk, Task> Script, string Flows)
{
    /// <summary>Whether copies of one packet may be told in any order.</summary>
    public bool Unordered { get; init; }

    /// <summary>The flows over native routing, where they do not follow from the others.</summary>
    public string? Native { get; init; }

    /// <summary>Which of node a's addresses Linux answers a pod with when it has no address on the pod's device: the uplink's, or that of the route.</summary>
    public static string Stack(bool v6) => v6 ? "router0" : "host0";

    /// <summary>The flows of a level, of each node.</summary>
    public IEnumerable<string> At(char level, bool native, bool v6) => Lines((!native ? Flows : Native ?? OverNative(Flows)).Replace("stack0", Stack(v6), StringComparison.Ordinal))
        .Select(l => l.Split(' ', 2, StringSplitOptions.TrimEntries)).Where(l => l[0].Contains(level, StringComparison.Ordinal)).Select(l => l[1]);

    /// <summary>
    /// To the other node is to the network. From there a packet is told when policy has decided on it, and with what is known of its
    /// connection then, as where it goes; what is denied is told as that alone.
    /// </summary>
    private static string OverNative(string flows)
    {
        List<string> lines = [.. Lines(flows).Select(l => l.Replace("to-overlay", "to-network", StringComparison.Ordinal))];
        for (int i = lines.Count - 1; i >= 0; i--)
        {
            if (!lines[i].Contains(" from-overlay ", StringComparison.Ordinal))
            {
                continue;
            }

            string node = lines[i].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
            int end = lines.FindIndex(i, l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var at, "to-endpoint" or "drop", ..] && at == node);
            string[] words = lines[end].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words[2] == "to-endpoint")
            {
                lines.Insert(end, string.Join(' ', ["N", node, "from-network", .. words[3..]]));
            }

            lines.RemoveAt(i);
        }

        return string.Join('\n', lines);
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    public override string ToString() => Name;
}

/// <summary>One conversation under way: packets of one family, with ports of their own.</summary>
internal sealed class Talk(ConversationLab lab, bool v6, ushort port, int[] start)
{
    public const byte Syn = 2, Ack = 16, Psh = 8, Fin = 1, Rst = 4;

    public bool V6 => v6;

    /// <summary>The port of the end that begins, or the identifier of its echo requests.</summary>
    public ushort Port => port;

    public ConversationLab Lab => lab;

    /// <summary>Makes the connection look as if nothing had been told of it for two hours.</summary>
    public void Age() => lab.Age(port);

    /// <summary>The pod's report that it wants the group, or not any more.</summary>
    public PacketBuilder Report(string pod, bool join)
    {
        var record = new GroupRecord(join ? GroupRecordType.ToExclude : GroupRecordType.ToInclude, lab["group"].Of(v6));
        return (v6 ? PacketBuilder.Mld2Report("fe80::1", record) : PacketBuilder.Igmp3Report(lab[pod].Ip, record)).Macs(lab[pod].Mac, lab[pod].Gateway);
    }

    /// <summary>A datagram of a node's own stack to a pod, and the pod's answer.</summary>
    public void Call(int node, string pod)
    {
        Party callee = lab[pod];
        using Socket socket = lab.Nodes[node].Network.Run(() => new Socket(v6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        socket.Bind(new IPEndPoint(IPAddress.Parse(lab[$"router{node}"].Of(v6)), port));
        socket.ReceiveTimeout = 60000;
        socket.SendTo([1, 2, 3], new IPEndPoint(IPAddress.Parse(callee.Of(v6)), 7));
        int ip = 14 + (v6 ? 40 : 20);
        byte[] call = callee.Wire!.Take($"the node's datagram", f => IsIp(f) && f[v6 ? 20 : 23] == 17 && f[ip] == port >> 8 && f[ip + 1] == (byte)port);
        callee.Wire.Send(PacketBuilder.Ip(callee.Of(v6), new IPAddress(Address(call, true)).ToString()).Macs(callee.Mac, callee.Gateway).UdpPorts(7, port).Build());
        socket.Receive(new byte[64]);
    }

    public PacketBuilder Packet(string from, string to)
    {
        Party sender = lab[from];
        return PacketBuilder.Ip(sender.Of(v6), lab[to].Of(v6)).Macs(sender.Mac, sender.Gateway);
    }

    /// <summary>A packet that arrives as it is.</summary>
    public byte[] Pass(string from, string to, Func<PacketBuilder, PacketBuilder> change, params string[] receivers)
    {
        byte[] frame = change(Packet(from, to)).Build();
        byte[] payload = frame[(14 + (v6 ? 40 : 20))..], source = Address(frame, true), destination = Address(frame, false);
        lab[from].Wire!.Send(frame);
        foreach (string receiver in receivers.Length == 0 ? [to] : receivers)
        {
            lab[receiver].Wire!.Take($"{from} > {to}", f => IsIp(f) && Address(f, true).AsSpan().SequenceEqual(source) && Address(f, false).AsSpan().SequenceEqual(destination) && f.AsSpan(14 + (v6 ? 40 : 20)).StartsWith(payload));
        }

        return frame;
    }

    /// <summary>A packet to somebody with a stack, who answers it; or of which somebody else (<paramref name="by"/>) says something.</summary>
    public void Ask(string from, string to, Func<PacketBuilder, PacketBuilder> change, string? by = null)
    {
        byte[] frame = change(Packet(from, to)).Build(), source = Address(frame, true), answerer = IPAddress.Parse(lab[by ?? to].Of(v6)).GetAddressBytes();
        lab[from].Wire!.Send(frame);
        lab[from].Wire!.Take($"{by ?? to}'s answer", f => IsIp(f) && Address(f, true).AsSpan().SequenceEqual(answerer) && Address(f, false).AsSpan().SequenceEqual(source));
    }

    /// <summary>A packet that ends on the way: waits until its node tells of the drop.</summary>
    public Task DropAsync(string from, string to, int at, Func<PacketBuilder, PacketBuilder> change) => TellsAsync(from, to, at, change, f => f.EventType.Type == 1 && f.IP?.Destination == lab[to].Of(v6));

    /// <summary>A packet that policy denies: waits until its node tells of the drop, and the sender has the answer.</summary>
    public async Task DenyAsync(string from, string to, int at, Func<PacketBuilder, PacketBuilder> change)
    {
        await DropAsync(from, to, at, change);
        byte[] transport = change(Packet(from, to)).Build()[(14 + (v6 ? 40 : 20))..], reset = [transport[2], transport[3], transport[0], transport[1]], receiver = IPAddress.Parse(lab[from].Of(v6)).GetAddressBytes();
        lab[from].Wire!.Take($"the refusal of {to}", f => IsIp(f) && Address(f, false).AsSpan().SequenceEqual(receiver)
            && (f.AsSpan(14 + (v6 ? 40 : 20)).StartsWith(reset) || f.AsSpan(14 + (v6 ? 40 : 20)).IndexOf(transport.AsSpan(0, 8)) > 0));
    }

    /// <summary>A packet that is lost on the wire between the nodes.</summary>
    public async Task LoseAsync(string from, string to, Func<PacketBuilder, PacketBuilder> change)
    {
        byte[] frame = change(Packet(from, to)).Build();
        byte[] payload = frame[(14 + (v6 ? 40 : 20))..];
        await lab.CutAsync(lab[to].Node);
        lab.Wires[lab[from].Node].Clear();
        lab[from].Wire!.Send(frame);
        lab.Wires[lab[from].Node].Take($"{from} > {to}", f => f.AsSpan().IndexOf(payload) > 0);
        await lab.MendAsync(lab[to].Node);
    }

    /// <summary>A packet whose consequence is a flow.</summary>
    public async Task TellsAsync(string from, string to, int at, Func<PacketBuilder, PacketBuilder> change, Func<Flow, bool> flow)
    {
        int before = lab.Followers[at].From(start[at]).Count(flow);
        lab[from].Wire!.Send(change(Packet(from, to)).Build());
        await lab.Followers[at].UntilAsync($"{from} > {to}", start[at], flow, count: before + 1);
    }

    private bool IsIp(byte[] frame) => frame.Length >= (v6 ? 54 : 34) && frame[12] == (v6 ? 0x86 : 0x08) && frame[13] == (v6 ? 0xdd : 0x00);

    private byte[] Address(byte[] frame, bool source) => v6 ? frame[(source ? 22 : 38)..(source ? 38 : 54)] : frame[(source ? 26 : 30)..(source ? 30 : 34)];
}
