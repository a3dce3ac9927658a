using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;

namespace Waggle.Datapath.Tests.Packets.Policy;

/// <summary>Random tables in the maps, random packets: the program decides as the look-up that <c>bpf/abi/policy.h</c> describes, done naively.</summary>
public sealed class RandomTablesTests
{
    private const int Tables = 40;
    private const int Probes = 60;
    private static readonly byte[] Protocols = [PacketBuilder.Tcp, PacketBuilder.Udp, 132, PacketBuilder.Icmp, 47];
    private static readonly ushort[] Ports = [0, 1, 7, 8, 80, 81, 443, 8000, 8080, 32768, 65535];

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    public void Verdict_OfRandomTables_IsTheNaiveOne(int seed, bool ipv6)
    {
        using var pair = new PairHook(ipv6);
        using var program = pair.Hook.Program("from_pod");
        var random = new Random(seed);
        var wrong = new List<string>();
        for (var round = 1u; round <= Tables; round++)
        {
            var policy = new NaivePolicy(pair.Hook);
            var egress = policy.RandomSide(random, (round * 2) + 100);
            var ingress = policy.RandomSide(random, (round * 2) + 101);
            pair.Hook.SetSubject(1, egress: egress);
            pair.Hook.SetSubject(2, ingress: ingress);
            pair.Hook.SetRevision(round + 1);
            for (var i = 0; i < Probes; i++)
            {
                var (a, b) = ((uint)random.Next(300, 306), (uint)random.Next(300, 306));
                pair.Hook.ByIfindex.Update(1, PairHook.A with { Identity = a });
                pair.Hook.AddEndpoint(PairHook.B with { Identity = b });
                var protocol = Protocols[random.Next(Protocols.Length)];
                protocol = ipv6 && protocol == PacketBuilder.Icmp ? PacketBuilder.Icmpv6 : protocol;
                var port = protocol is PacketBuilder.Icmp or PacketBuilder.Icmpv6 ? (ushort)(ipv6 ? 128 : 8) : protocol == 47 ? (ushort)0 : Ports[random.Next(Ports.Length)];
                var expected = policy.Allows(egress, b, protocol, port) && policy.Allows(ingress, a, protocol, port);
                var source = (ushort)((round * Probes) + i + 1024);
                var frame = Packet(pair, protocol, source, port).Build();
                var result = pair.Hook.Inside.Run(() => program.TestRun(frame)).ReturnValue;
                if (protocol == 47)
                {
                    pair.Hook.Conntrack.Entries().Where(e => e.Key.Protocol == 47).Select(e => e.Key).ToList().ForEach(k => pair.Hook.Conntrack.Delete(k));
                }

                if (result != (expected ? 7u : 2u))
                {
                    wrong.Add($"seed {seed} round {round}: {a} → {b} protocol {protocol} port {port}: {result}, expected {(expected ? "allowed" : "denied")}");
                }
            }
        }

        Assert.Empty(wrong);
    }

    private static PacketBuilder Packet(PairHook pair, byte protocol, ushort from, ushort to) => protocol switch
    {
        PacketBuilder.Tcp => pair.AtoB.TcpPorts(from, to),
        PacketBuilder.Udp => pair.AtoB.UdpPorts(from, to),
        132 => pair.AtoB.Payload(132, [(byte)(from >> 8), (byte)from, (byte)(to >> 8), (byte)to, .. new byte[12]]),
        47 => pair.AtoB.Payload(47, new byte[12]),
        _ => pair.AtoB.Echo(from),
    };

    /// <summary>The rows as dictionaries, and the three steps in so many words.</summary>
    private sealed class NaivePolicy(Hook hook)
    {
        private readonly Dictionary<(uint, uint), PolicyPeer> peers = [];
        private readonly Dictionary<(uint, ushort, byte, byte, ushort), PolicyRule> rules = [];

        public PolicySide RandomSide(Random random, uint table)
        {
            var lengths = Enumerable.Range(0, 17).Where(_ => random.Next(4) == 0).ToArray();
            var peer = () => new PolicyPeer
            {
                Class = (ushort)random.Next(1, 4),
                Decision = (byte)random.Next(0, 3),
                Prefixes = lengths.Aggregate(0u, (bits, l) => bits | (1u << l)) | ((uint)random.Next(64) << 24),
            };
            for (var identity = 300u; identity < 305; identity++)
            {
                if (random.Next(3) > 0)
                {
                    peers[(table, identity)] = peer();
                    hook.Peers.Update(new PolicyPeerKey { Table = table, Identity = identity }, peers[(table, identity)]);
                }
            }

            for (var i = random.Next(60); i > 0 && lengths.Length > 0; i--)
            {
                var length = lengths[random.Next(lengths.Length)];
                var port = (ushort)(Ports[random.Next(Ports.Length)] & (0xffff << (16 - length)));
                byte[] protocols = [.. Protocols, PacketBuilder.Icmpv6];
                var protocol = protocols[random.Next(protocols.Length)];
                port = protocol is PacketBuilder.Icmp or PacketBuilder.Icmpv6 ? (ushort)((protocol == PacketBuilder.Icmp ? 8 : 128) & (0xffff << (16 - length))) : port;
                var key = new PolicyRuleKey { Table = table, Class = (ushort)random.Next(1, 4), Protocol = protocol, PrefixLength = (byte)length, Port = port };
                var rule = new PolicyRule { Decision = (byte)random.Next(0, 3), Rule = (uint)random.Next(1, 100) };
                rules[(table, key.Class, key.Protocol, key.PrefixLength, key.Port)] = rule;
                hook.Rules.Update(key, rule);
            }

            return new PolicySide { Table = table, Mode = (byte)(random.Next(8) == 0 ? PolicyMode.Off : PolicyMode.On), Other = peer() };
        }

        public bool Allows(PolicySide side, uint identity, byte protocol, ushort port)
        {
            if (side.Mode == (byte)PolicyMode.Off)
            {
                return true;
            }

            var peer = peers.TryGetValue((side.Table, identity), out var known) ? known : side.Other;
            var bit = protocol switch { 6 => 24, 17 => 25, 132 => 26, 1 => 27, 58 => 28, _ => 29 };
            for (var length = 16; length >= 0 && (peer.Prefixes >> bit & 1) != 0; length--)
            {
                if ((peer.Prefixes >> length & 1) != 0 &&
                    rules.TryGetValue((side.Table, peer.Class, protocol, (byte)length, (ushort)(port & (0xffff << (16 - length)))), out var rule))
                {
                    return (rule.Decision & 15) == (byte)PolicyAction.Allow;
                }
            }

            return (peer.Decision & 15) == (byte)PolicyAction.Allow;
        }
    }
}
