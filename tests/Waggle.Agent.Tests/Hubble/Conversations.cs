using static Waggle.Agent.Tests.Hubble.Talk;

namespace Waggle.Agent.Tests.Hubble;

/// <summary>The conversations; nodes are a (client, server, guarded, caged) and b (far, farguarded).</summary>
internal static class Conversations
{
    public static IReadOnlyList<Conversation> All { get; } =
    [
        new("TCP on one node, with a segment sent twice", t =>
        {
            Tcp(t, "client", "server");
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - SYN client > server
            NLMX a to-endpoint FORWARDED INGRESS new first SYN client > server
            N    a from-endpoint FORWARDED EGRESS - - SYN+ACK server > client
            NLMX a to-endpoint FORWARDED EGRESS reply reply SYN+ACK server > client
            N    a from-endpoint FORWARDED EGRESS - - ACK client > server
            NLMX a to-endpoint FORWARDED INGRESS established first ACK client > server
            N    a from-endpoint FORWARDED EGRESS - - PSH+ACK client > server
            NLMX a to-endpoint FORWARDED INGRESS established first PSH+ACK client > server
            N    a from-endpoint FORWARDED EGRESS - - PSH+ACK client > server
            NL   a to-endpoint FORWARDED INGRESS established first PSH+ACK client > server
            N    a from-endpoint FORWARDED EGRESS - - ACK server > client
            NL   a to-endpoint FORWARDED EGRESS reply reply ACK server > client
            N    a from-endpoint FORWARDED EGRESS - - FIN+ACK client > server
            NLMX a to-endpoint FORWARDED INGRESS established first FIN+ACK client > server
            N    a from-endpoint FORWARDED EGRESS - - FIN+ACK server > client
            NLMX a to-endpoint FORWARDED EGRESS reply reply FIN+ACK server > client
            N    a from-endpoint FORWARDED EGRESS - - ACK client > server
            NL   a to-endpoint FORWARDED INGRESS established first ACK client > server
            """),
        new("TCP across nodes, with a segment sent twice", t =>
        {
            Tcp(t, "client", "far");
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - SYN client > far
            NLMX a to-overlay FORWARDED EGRESS new first SYN client > far
            N    a from-overlay FORWARDED - - - SYN+ACK far > client
            NLMX a to-endpoint FORWARDED EGRESS reply reply SYN+ACK far > client
            N    a from-endpoint FORWARDED EGRESS - - ACK client > far
            NLMX a to-overlay FORWARDED EGRESS established first ACK client > far
            N    a from-endpoint FORWARDED EGRESS - - PSH+ACK client > far
            NLMX a to-overlay FORWARDED EGRESS established first PSH+ACK client > far
            N    a from-endpoint FORWARDED EGRESS - - PSH+ACK client > far
            NL   a to-overlay FORWARDED EGRESS established first PSH+ACK client > far
            N    a from-overlay FORWARDED - - - ACK far > client
            NL   a to-endpoint FORWARDED EGRESS reply reply ACK far > client
            N    a from-endpoint FORWARDED EGRESS - - FIN+ACK client > far
            NLMX a to-overlay FORWARDED EGRESS established first FIN+ACK client > far
            N    a from-overlay FORWARDED - - - FIN+ACK far > client
            NLMX a to-endpoint FORWARDED EGRESS reply reply FIN+ACK far > client
            N    a from-endpoint FORWARDED EGRESS - - ACK client > far
            NL   a to-overlay FORWARDED EGRESS established first ACK client > far
            N    b from-overlay FORWARDED - - - SYN client > far
            NLMX b to-endpoint FORWARDED INGRESS new first SYN client > far
            N    b from-endpoint FORWARDED EGRESS - - SYN+ACK far > client
            NLMX b to-overlay FORWARDED INGRESS reply reply SYN+ACK far > client
            N    b from-overlay FORWARDED - - - ACK client > far
            NLMX b to-endpoint FORWARDED INGRESS established first ACK client > far
            N    b from-overlay FORWARDED - - - PSH+ACK client > far
            NLMX b to-endpoint FORWARDED INGRESS established first PSH+ACK client > far
            N    b from-overlay FORWARDED - - - PSH+ACK client > far
            NL   b to-endpoint FORWARDED INGRESS established first PSH+ACK client > far
            N    b from-endpoint FORWARDED EGRESS - - ACK far > client
            NL   b to-overlay FORWARDED INGRESS reply reply ACK far > client
            N    b from-overlay FORWARDED - - - FIN+ACK client > far
            NLMX b to-endpoint FORWARDED INGRESS established first FIN+ACK client > far
            N    b from-endpoint FORWARDED EGRESS - - FIN+ACK far > client
            NLMX b to-overlay FORWARDED INGRESS reply reply FIN+ACK far > client
            N    b from-overlay FORWARDED - - - ACK client > far
            NL   b to-endpoint FORWARDED INGRESS established first ACK client > far
            """),
        new("connection attempt, sent twice, then refused", t =>
        {
            t.Pass("client", "server", p => p.TcpPorts(t.Port, 8080, Syn));
            t.Pass("client", "server", p => p.TcpPorts(t.Port, 8080, Syn));
            t.Pass("server", "client", p => p.TcpPorts(8080, t.Port, Rst | Ack));
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - SYN client > server
            NLMX a to-endpoint FORWARDED INGRESS new first SYN client > server
            N    a from-endpoint FORWARDED EGRESS - - SYN client > server
            NL   a to-endpoint FORWARDED INGRESS established first SYN client > server
            N    a from-endpoint FORWARDED EGRESS - - RST+ACK server > client
            NLMX a to-endpoint FORWARDED EGRESS reply reply RST+ACK server > client
            """),
        new("a segment that is lost between the nodes and sent again", async t =>
        {
            t.Pass("client", "far", p => p.TcpPorts(t.Port, 8080, Syn));
            t.Pass("far", "client", p => p.TcpPorts(8080, t.Port, Syn | Ack));
            t.Pass("client", "far", p => p.TcpPorts(t.Port, 8080, Ack));
            await t.LoseAsync("client", "far", p => p.TcpPorts(t.Port, 8080, Psh | Ack, payload: 10));
            t.Pass("client", "far", p => p.TcpPorts(t.Port, 8080, Psh | Ack, payload: 10));
            t.Pass("far", "client", p => p.TcpPorts(8080, t.Port, Ack));
        }, """
            N    a from-endpoint FORWARDED EGRESS - - SYN client > far
            NLMX a to-overlay FORWARDED EGRESS new first SYN client > far
            N    a from-overlay FORWARDED - - - SYN+ACK far > client
            NLMX a to-endpoint FORWARDED EGRESS reply reply SYN+ACK far > client
            N    a from-endpoint FORWARDED EGRESS - - ACK client > far
            NLMX a to-overlay FORWARDED EGRESS established first ACK client > far
            N    a from-endpoint FORWARDED EGRESS - - PSH+ACK client > far
            NLMX a to-overlay FORWARDED EGRESS established first PSH+ACK client > far
            N    a from-endpoint FORWARDED EGRESS - - PSH+ACK client > far
            NL   a to-overlay FORWARDED EGRESS established first PSH+ACK client > far
            N    a from-overlay FORWARDED - - - ACK far > client
            NL   a to-endpoint FORWARDED EGRESS reply reply ACK far > client
            N    b from-overlay FORWARDED - - - SYN client > far
            NLMX b to-endpoint FORWARDED INGRESS new first SYN client > far
            N    b from-endpoint FORWARDED EGRESS - - SYN+ACK far > client
            NLMX b to-overlay FORWARDED INGRESS reply reply SYN+ACK far > client
            N    b from-overlay FORWARDED - - - ACK client > far
            NLMX b to-endpoint FORWARDED INGRESS established first ACK client > far
            N    b from-overlay FORWARDED - - - PSH+ACK client > far
            NLMX b to-endpoint FORWARDED INGRESS established first PSH+ACK client > far
            N    b from-endpoint FORWARDED EGRESS - - ACK far > client
            NL   b to-overlay FORWARDED INGRESS reply reply ACK far > client
            """),
        new("connection that the other end resets", t =>
        {
            t.Pass("client", "server", p => p.TcpPorts(t.Port, 8080, Syn));
            t.Pass("server", "client", p => p.TcpPorts(8080, t.Port, Syn | Ack));
            t.Pass("client", "server", p => p.TcpPorts(t.Port, 8080, Ack));
            t.Pass("server", "client", p => p.TcpPorts(8080, t.Port, Rst));
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - SYN client > server
            NLMX a to-endpoint FORWARDED INGRESS new first SYN client > server
            N    a from-endpoint FORWARDED EGRESS - - SYN+ACK server > client
            NLMX a to-endpoint FORWARDED EGRESS reply reply SYN+ACK server > client
            N    a from-endpoint FORWARDED EGRESS - - ACK client > server
            NLMX a to-endpoint FORWARDED INGRESS established first ACK client > server
            N    a from-endpoint FORWARDED EGRESS - - RST server > client
            NLMX a to-endpoint FORWARDED EGRESS reply reply RST server > client
            """),
        new("UDP that is silent for longer than the interval", t =>
        {
            t.Pass("client", "far", p => p.UdpPorts(t.Port, 7));
            t.Pass("far", "client", p => p.UdpPorts(7, t.Port));
            t.Pass("client", "far", p => p.UdpPorts(t.Port, 7));
            t.Age();
            t.Pass("client", "far", p => p.UdpPorts(t.Port, 7));
            t.Pass("far", "client", p => p.UdpPorts(7, t.Port));
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - UDP client > far
            NLMX a to-overlay FORWARDED EGRESS new first UDP client > far
            N    a from-overlay FORWARDED - - - UDP far > client
            NLMX a to-endpoint FORWARDED EGRESS reply reply UDP far > client
            N    a from-endpoint FORWARDED EGRESS - - UDP client > far
            NL   a to-overlay FORWARDED EGRESS established first UDP client > far
            N    a from-endpoint FORWARDED EGRESS - - UDP client > far
            NLM  a to-overlay FORWARDED EGRESS established first UDP client > far
            N    a from-overlay FORWARDED - - - UDP far > client
            NLM  a to-endpoint FORWARDED EGRESS reply reply UDP far > client
            N    b from-overlay FORWARDED - - - UDP client > far
            NLMX b to-endpoint FORWARDED INGRESS new first UDP client > far
            N    b from-endpoint FORWARDED EGRESS - - UDP far > client
            NLMX b to-overlay FORWARDED INGRESS reply reply UDP far > client
            N    b from-overlay FORWARDED - - - UDP client > far
            NL   b to-endpoint FORWARDED INGRESS established first UDP client > far
            N    b from-overlay FORWARDED - - - UDP client > far
            NLM  b to-endpoint FORWARDED INGRESS established first UDP client > far
            N    b from-endpoint FORWARDED EGRESS - - UDP far > client
            NLM  b to-overlay FORWARDED INGRESS reply reply UDP far > client
            """),
        new("allowed into a guarded pod", t =>
        {
            t.Pass("client", "guarded", p => p.TcpPorts(t.Port, 80, Syn));
            t.Pass("guarded", "client", p => p.TcpPorts(80, t.Port, Syn | Ack));
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - SYN client > guarded
            NLMX a verdict:L3-L4 FORWARDED INGRESS - first SYN client > guarded in by guard
            NLMX a to-endpoint FORWARDED INGRESS new first SYN client > guarded
            N    a from-endpoint FORWARDED EGRESS - - SYN+ACK guarded > client
            NLMX a to-endpoint FORWARDED EGRESS reply reply SYN+ACK guarded > client
            """),
        new("not allowed into a guarded pod", t => t.DenyAsync("server", "guarded", 0, p => p.TcpPorts(t.Port, 80, Syn)), """
            N    a from-endpoint FORWARDED EGRESS - - SYN server > guarded
            NLMX a verdict:none DROPPED INGRESS - - SYN server > guarded not in by guard,no-far POLICY_DENIED
            NLMX a drop DROPPED INGRESS - - SYN server > guarded not in by guard,no-far POLICY_DENIED admit.h
            NLMX a to-endpoint FORWARDED INGRESS - - RST+ACK guarded > server
            """),
        new("denied by a rule", t => t.DenyAsync("far", "guarded", 0, p => p.TcpPorts(t.Port, 80, Syn)), """
            N    a from-overlay FORWARDED - - - SYN far > guarded
            NLMX a verdict:L3-only DROPPED INGRESS - - SYN far > guarded not in by no-far POLICY_DENY
            NLMX a drop DROPPED INGRESS - - SYN far > guarded not in by no-far POLICY_DENY admit.h
            N    b from-endpoint FORWARDED EGRESS - - SYN far > guarded
            NLMX b to-overlay FORWARDED EGRESS new first SYN far > guarded
            N    b from-overlay FORWARDED - - - RST+ACK guarded > far
            NLMX b to-endpoint FORWARDED EGRESS reply reply RST+ACK guarded > far
            """),
        new("allowed out of a caged pod", t =>
        {
            t.Pass("caged", "server", p => p.UdpPorts(t.Port, 53));
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - UDP caged > server
            NLMX a verdict:L3-L4 FORWARDED EGRESS - first UDP caged > server out by cage
            NLMX a to-endpoint FORWARDED INGRESS new first UDP caged > server
            """),
        new("not allowed out of a caged pod", t => t.DenyAsync("caged", "far", 0, p => p.UdpPorts(t.Port, 53)), """
            N    a from-endpoint FORWARDED EGRESS - - UDP caged > far
            NLMX a verdict:none DROPPED EGRESS - - UDP caged > far not out by cage POLICY_DENIED
            NLMX a drop DROPPED EGRESS - - UDP caged > far not out by cage POLICY_DENIED admit.h
            NLMX a to-endpoint FORWARDED INGRESS - - prohibited router0 > caged
            """),
        new("allowed by rules of each kind", t =>
        {
            t.Pass("server", "picky", p => p.TcpPorts(t.Port, 80, Syn));
            t.Pass("client", "picky", p => p.UdpPorts(t.Port, 9));
            t.Pass("server", "picky", p => p.Payload(132, [(byte)(t.Port >> 8), (byte)t.Port, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0]));
            t.Pass("picky", "server", p => p.UdpPorts(t.Port, 53));
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - SYN server > picky
            NLMX a verdict:L4-only FORWARDED INGRESS - first SYN server > picky in by pick
            NLMX a to-endpoint FORWARDED INGRESS new first SYN server > picky
            N    a from-endpoint FORWARDED EGRESS - - UDP client > picky
            NLMX a verdict:L3-proto FORWARDED INGRESS - first UDP client > picky in by pick
            NLMX a to-endpoint FORWARDED INGRESS new first UDP client > picky
            N    a from-endpoint FORWARDED EGRESS - - SCTP server > picky
            NLMX a verdict:proto-only FORWARDED INGRESS - first SCTP server > picky in by pick
            NLMX a to-endpoint FORWARDED INGRESS new first SCTP server > picky
            N    a from-endpoint FORWARDED EGRESS - - UDP picky > server
            NLMX a verdict:all FORWARDED EGRESS - first UDP picky > server out by pick
            NLMX a to-endpoint FORWARDED INGRESS new first UDP picky > server
            """),
        new("not allowed, but its pod is only audited", t =>
        {
            t.Pass("client", "audited", p => p.TcpPorts(t.Port, 80, Syn));
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - SYN client > audited
            NLMX a verdict:none AUDIT INGRESS - first SYN client > audited not in by audit
            NLMX a to-endpoint FORWARDED INGRESS new first SYN client > audited
            """),
        new("allowed into a guarded pod of another node", t =>
        {
            t.Pass("client", "farguarded", p => p.UdpPorts(t.Port, 1));
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - UDP client > farguarded
            NLMX a to-overlay FORWARDED EGRESS new first UDP client > farguarded
            N    b from-overlay FORWARDED - - - UDP client > farguarded
            NLMX b verdict:L3-only FORWARDED INGRESS - first UDP client > farguarded in by far-guard
            NLMX b to-endpoint FORWARDED INGRESS new first UDP client > farguarded
            """),
        new("not allowed into a guarded pod of another node", t => t.DenyAsync("server", "farguarded", 1, p => p.UdpPorts(t.Port, 1)), """
            N    a from-endpoint FORWARDED EGRESS - - UDP server > farguarded
            NLMX a to-overlay FORWARDED EGRESS new first UDP server > farguarded
            N    a from-overlay FORWARDED - - - prohibited router1 > server
            NLMX a to-endpoint FORWARDED EGRESS related reply prohibited router1 > server
            N    b from-overlay FORWARDED - - - UDP server > farguarded
            NLMX b verdict:none DROPPED INGRESS - - UDP server > farguarded not in by far-guard POLICY_DENIED
            NLMX b drop DROPPED INGRESS - - UDP server > farguarded not in by far-guard POLICY_DENIED admit.h
            """),
        new("echo on one node", t =>
        {
            t.Pass("client", "server", p => p.Echo(t.Port));
            t.Pass("server", "client", p => p.Echo(t.Port, reply: true));
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - echo client > server
            NLMX a to-endpoint FORWARDED INGRESS new first echo client > server
            N    a from-endpoint FORWARDED EGRESS - - echo-reply server > client
            NLMX a to-endpoint FORWARDED EGRESS reply reply echo-reply server > client
            """),
        new("echo across nodes", t =>
        {
            t.Pass("client", "far", p => p.Echo(t.Port));
            t.Pass("far", "client", p => p.Echo(t.Port, reply: true));
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - echo client > far
            NLMX a to-overlay FORWARDED EGRESS new first echo client > far
            N    a from-overlay FORWARDED - - - echo-reply far > client
            NLMX a to-endpoint FORWARDED EGRESS reply reply echo-reply far > client
            N    b from-overlay FORWARDED - - - echo client > far
            NLMX b to-endpoint FORWARDED INGRESS new first echo client > far
            N    b from-endpoint FORWARDED EGRESS - - echo-reply far > client
            NLMX b to-overlay FORWARDED INGRESS reply reply echo-reply far > client
            """),
        new("ICMP error about a datagram", t =>
        {
            byte[] datagram = t.Pass("client", "server", p => p.UdpPorts(t.Port, 9));
            t.Pass("server", "client", p => p.IcmpError(t.V6 ? (byte)1 : (byte)3, t.V6 ? (byte)4 : (byte)3, datagram));
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - UDP client > server
            NLMX a to-endpoint FORWARDED INGRESS new first UDP client > server
            N    a from-endpoint FORWARDED EGRESS - - port-unreachable server > client
            NLMX a to-endpoint FORWARDED EGRESS related reply port-unreachable server > client
            """),
        new("hop limit used up", t =>
        {
            t.Ask("client", "server", p => p.HopLimit(1).UdpPorts(t.Port, 9), by: "router0");
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - UDP client > server
            NLMX a to-endpoint FORWARDED INGRESS - - time-exceeded router0 > client
            """),
        new("hop limit used up on the way to the world", t =>
        {
            t.Ask("client", "world", p => p.HopLimit(1).UdpPorts(t.Port, 9), by: Conversation.Stack(t.V6));
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - UDP client > world
            NLMX a to-stack FORWARDED EGRESS new first UDP client > world
            NLMX a to-endpoint FORWARDED EGRESS related reply time-exceeded stack0 > client
            """),
        new("fragments across nodes", t =>
        {
            t.Pass("client", "far", p => p.Fragment(0, more: true, t.Port).UdpPorts(t.Port, 7, payload: 64));
            t.Pass("client", "far", p => p.Fragment(9, more: false, t.Port).Payload(17, new byte[32]));
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - UDP client > far
            NLMX a to-overlay FORWARDED EGRESS new first UDP client > far
            N    a from-endpoint FORWARDED EGRESS - - no-L4 client > far
            NL   a to-overlay FORWARDED EGRESS established first no-L4 client > far
            N    b from-overlay FORWARDED - - - UDP client > far
            NLMX b to-endpoint FORWARDED INGRESS new first UDP client > far
            N    b from-overlay FORWARDED - - - no-L4 client > far
            NL   b to-endpoint FORWARDED INGRESS established first no-L4 client > far
            """),
        new("fragments on one node", t =>
        {
            t.Pass("client", "server", p => p.Fragment(0, more: true, t.Port).UdpPorts(t.Port, 7, payload: 64));
            t.Pass("client", "server", p => p.Fragment(9, more: false, t.Port).Payload(17, new byte[32]));
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - UDP client > server
            NLMX a to-endpoint FORWARDED INGRESS new first UDP client > server
            N    a from-endpoint FORWARDED EGRESS - - no-L4 client > server
            NL   a to-endpoint FORWARDED INGRESS established first no-L4 client > server
            """),
        new("fragment without its first", t => t.DropAsync("client", "guarded", 0, p => p.Fragment(9, more: false, t.Port).Payload(17, new byte[32])), """
            N    a from-endpoint FORWARDED EGRESS - - no-L4 client > guarded
            NLMX a drop DROPPED EGRESS - - no-L4 client > guarded FIRST_LOGICAL_DATAGRAM_FRAGMENT_NOT_FOUND admit.h
            """),
        new("SCTP on one node", t =>
        {
            t.Pass("client", "server", p => p.Payload(132, [(byte)(t.Port >> 8), (byte)t.Port, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0]));
            t.Pass("server", "client", p => p.Payload(132, [0, 80, (byte)(t.Port >> 8), (byte)t.Port, 0, 0, 0, 0, 0, 0, 0, 0]));
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - SCTP client > server
            NLMX a to-endpoint FORWARDED INGRESS new first SCTP client > server
            N    a from-endpoint FORWARDED EGRESS - - SCTP server > client
            NLMX a to-endpoint FORWARDED EGRESS reply reply SCTP server > client
            """),
        new("a source that is not the pod's", t => t.TellsAsync("client", "server", 0, p => t.Packet("far", "server").Macs(t.Lab["client"].Mac, t.Lab["client"].Gateway).UdpPorts(t.Port, 9), f => f.EventType.Type == 1 && f.IP?.Source == t.Lab["far"].Of(t.V6)), """
            N    a from-endpoint FORWARDED EGRESS - - UDP client(far's address) > server
            NLMX a drop DROPPED EGRESS - - UDP client(far's address) > server INVALID_SOURCE_IP pod.bpf.c
            """),
        new("membership and datagrams of a group", async t =>
        {
            await JoinAsync(t, join: true);
            t.Pass("client", "group", p => p.UdpPorts(t.Port, 5000), "server", "far");
            await JoinAsync(t, join: false);
        }, """
            NLMX a join FORWARDED EGRESS - - report server > group
            N    a from-endpoint FORWARDED EGRESS - - UDP client > group
            NLMX a to-overlay FORWARDED EGRESS - - UDP client > group
            NLMX a to-endpoint FORWARDED INGRESS - - UDP client > group
            NLMX a leave FORWARDED EGRESS - - report server > group
            NLMX b join FORWARDED EGRESS - - report far > group
            N    b from-overlay FORWARDED - - - UDP client > group
            NLMX b to-endpoint FORWARDED INGRESS - - UDP client > group
            NLMX b leave FORWARDED EGRESS - - report far > group
            """)
        {
            Unordered = true,
            Native = """
                NLMX a join FORWARDED EGRESS - - report server > group
                N    a from-endpoint FORWARDED EGRESS - - UDP client > group
                NLMX a to-network FORWARDED EGRESS - - UDP client > group
                NLMX a to-endpoint FORWARDED INGRESS - - UDP client > group
                NLMX a leave FORWARDED EGRESS - - report server > group
                NLMX b join FORWARDED EGRESS - - report far > group
                N    b from-network FORWARDED - - - UDP client > group
                NLMX b to-endpoint FORWARDED INGRESS - - UDP client > group
                NLMX b leave FORWARDED EGRESS - - report far > group
                """,
        },
        new("pod to its own node", t =>
        {
            t.Ask("client", "host0", p => p.Echo(t.Port));
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - echo client > host0
            NLMX a to-host FORWARDED EGRESS new first echo client > host0
            NLMX a to-endpoint FORWARDED EGRESS reply reply echo-reply host0 > client
            """),
        new("pod to another node", t =>
        {
            t.Ask("client", "host1", p => p.Echo(t.Port));
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - echo client > host1
            NLMX a to-network FORWARDED EGRESS new first echo client > host1
            N    a from-network FORWARDED EGRESS reply reply echo-reply host1 > client
            NLMX a to-endpoint FORWARDED EGRESS reply reply echo-reply host1 > client
            """),
        new("node to its own pod", t =>
        {
            t.Call(0, "server");
            return Task.CompletedTask;
        }, """
            NLMX a to-endpoint FORWARDED INGRESS new first UDP router0 > server
            N    a from-endpoint FORWARDED EGRESS - - UDP server > router0
            NLMX a to-host FORWARDED INGRESS reply reply UDP server > router0
            """),
        new("node to a pod of another node", t =>
        {
            t.Call(0, "far");
            return Task.CompletedTask;
        }, """
            N    a from-host FORWARDED - - - UDP router0 > far
            NLMX a to-overlay FORWARDED - - - UDP router0 > far
            N    a from-overlay FORWARDED - - - UDP far > router0
            NLMX a to-host FORWARDED - - - UDP far > router0
            N    b from-overlay FORWARDED - - - UDP router0 > far
            NLMX b to-endpoint FORWARDED INGRESS new first UDP router0 > far
            N    b from-endpoint FORWARDED EGRESS - - UDP far > router0
            NLMX b to-overlay FORWARDED INGRESS reply reply UDP far > router0
            """)
        {
            // What a node's own stack sends is its own: without its firewall there is no connection of it.
            Native = """
                N    b from-network FORWARDED INGRESS new first UDP router0 > far
                NLMX b to-endpoint FORWARDED INGRESS new first UDP router0 > far
                N    b from-endpoint FORWARDED EGRESS - - UDP far > router0
                NLMX b to-network FORWARDED INGRESS reply reply UDP far > router0
                """,
        },
        new("pod to the world", t =>
        {
            t.Ask("client", "world", p => p.Echo(t.Port));
            t.Ask("client", "world", p => p.Echo(t.Port));
            t.Age();
            t.Ask("client", "world", p => p.Echo(t.Port));
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - echo client > world
            NLMX a to-network FORWARDED EGRESS new first echo client > world
            N    a from-network FORWARDED EGRESS reply reply echo-reply world > client
            NLMX a to-endpoint FORWARDED EGRESS reply reply echo-reply world > client
            N    a from-endpoint FORWARDED EGRESS - - echo client > world
            NL   a to-network FORWARDED EGRESS established first echo client > world
            N    a from-network FORWARDED EGRESS reply reply echo-reply world > client
            NL   a to-endpoint FORWARDED EGRESS reply reply echo-reply world > client
            N    a from-endpoint FORWARDED EGRESS - - echo client > world
            NLM  a to-network FORWARDED EGRESS established first echo client > world
            N    a from-network FORWARDED EGRESS reply reply echo-reply world > client
            NLM  a to-endpoint FORWARDED EGRESS reply reply echo-reply world > client
            """),
        new("pod to a closed port of its node", t =>
        {
            t.Ask("client", "host0", p => p.TcpPorts(t.Port, 1, Syn));
            return Task.CompletedTask;
        }, """
            N    a from-endpoint FORWARDED EGRESS - - SYN client > host0
            NLMX a to-host FORWARDED EGRESS new first SYN client > host0
            NLMX a to-endpoint FORWARDED EGRESS reply reply RST+ACK host0 > client
            """),
    ];

    /// <summary>The receivers join the group, and the sender's node knows; or they leave it.</summary>
    public static async Task JoinAsync(Talk t, bool join)
    {
        foreach (string receiver in new[] { "server", "far" })
        {
            await t.TellsAsync(receiver, "group", receiver == "far" ? 1 : 0, _ => t.Report(receiver, join), f => f.EventType.Type == 64);
        }

        if (join)
        {
            await t.Lab.MemberAsync(t.V6);
        }
    }

    private static void Tcp(Talk t, string client, string server)
    {
        t.Pass(client, server, p => p.TcpPorts(t.Port, 8080, Syn));
        t.Pass(server, client, p => p.TcpPorts(8080, t.Port, Syn | Ack));
        t.Pass(client, server, p => p.TcpPorts(t.Port, 8080, Ack));
        t.Pass(client, server, p => p.TcpPorts(t.Port, 8080, Psh | Ack, payload: 10));
        t.Pass(client, server, p => p.TcpPorts(t.Port, 8080, Psh | Ack, payload: 10));
        t.Pass(server, client, p => p.TcpPorts(8080, t.Port, Ack));
        t.Pass(client, server, p => p.TcpPorts(t.Port, 8080, Fin | Ack));
        t.Pass(server, client, p => p.TcpPorts(8080, t.Port, Fin | Ack));
        t.Pass(client, server, p => p.TcpPorts(t.Port, 8080, Ack));
    }
}
