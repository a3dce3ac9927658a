using Waggle.Datapath.Abi;

namespace Waggle.Datapath.Tests.Packets.Support;

/// <summary>
/// The pod program with two pods of this node, A (identity 1001, subject 1) and B (identity 1002, subject 2), that talk to each other;
/// connection tracking and policy on. Test runs receive on the loopback device, so whoever sends is put behind that.
/// </summary>
internal sealed class PairHook : IDisposable
{
    public const byte Fin = 1;
    public const byte Syn = 2;
    public const byte Rst = 4;
    public const byte Ack = 16;
    public const ushort Port = 80;
    public const ushort ClientPort = 40000;

    private readonly bool ipv6;

    public PairHook(bool ipv6 = false, Func<AbiConfig, AbiConfig>? configure = null)
    {
        this.ipv6 = ipv6;
        Hook = new Hook("pod", configure is null ? Config : configure(Config));
        Hook.SetRevision(1);
        PodHook.Populate(Hook);
        Hook.AddEndpoint(A);
        Hook.AddEndpoint(B);
        Hook.SetSubject(1);
        Hook.SetSubject(2);
    }

    public static AbiConfig Config => Configs.Tunnel with
    {
        ConntrackEnabled = 1,
        PolicyEnabled = 1,
        AllowLocalhost = 1,
        CtTimeoutTcp = 8000,
        CtTimeoutTcpSyn = 60,
        CtTimeoutTcpFin = 10,
        CtTimeoutAny = 60,
        TraceFlags = 0xff,
        TraceInterval = 5,
    };

    public static EndpointInfo A => Configs.Sender with { PolicySubject = 1 };

    public static EndpointInfo B => Configs.Other with { PolicySubject = 2 };

    public Hook Hook { get; }

    public string AddressA => ipv6 ? Configs.Pod6 : Configs.Pod4;

    public string AddressB => ipv6 ? Configs.Other6 : Configs.Other4;

    public string Remote => ipv6 ? Configs.Remote6 : Configs.Remote4;

    public string World => ipv6 ? Configs.World6 : Configs.World4;

    public string Router => ipv6 ? Configs.Router6 : Configs.Router4;

    public PacketBuilder AtoB => PacketBuilder.Ip(AddressA, AddressB);

    public PacketBuilder BtoA => PacketBuilder.Ip(AddressB, AddressA);

    public Outcome FromA(PacketBuilder packet) => From(A, packet);

    public Outcome FromB(PacketBuilder packet) => From(B, packet);

    /// <summary>A segment from A's client port to B's port.</summary>
    public Outcome Request(byte flags, int payload = 0) => FromA(AtoB.TcpPorts(ClientPort, Port, flags, payload));

    /// <summary>A segment the other way.</summary>
    public Outcome Reply(byte flags, int payload = 0) => FromB(BtoA.TcpPorts(Port, ClientPort, flags, payload));

    public void Handshake()
    {
        Request(Syn).Redirected();
        Reply(Syn | Ack).Redirected();
        Request(Ack).Redirected();
    }

    public void Dispose() => Hook.Dispose();

    private Outcome From(EndpointInfo sender, PacketBuilder packet)
    {
        Hook.ByIfindex.Update(1, sender);
        return Hook.Run("from_pod", packet);
    }
}
