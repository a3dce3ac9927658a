using System.Globalization;

namespace Waggle.Commands.Explain;

/// <summary>Every drop reason with its meaning and the next step. A test holds it equal to the datapath's own list.</summary>
internal static class DropReasons
{
    public static readonly IReadOnlyList<DropReason> All =
    [
        new(130, "INVALID_SOURCE_MAC", "The packet did not carry the pod's own MAC address.", "Look for a bridge or a second address inside the pod: kubectl exec POD -- ip link"),
        new(132, "INVALID_SOURCE_IP", "A pod may send from its own addresses only; this one used another.", "cilium endpoint list shows the pod's addresses; a router or VPN pod needs an exemption"),
        new(133, "POLICY_DENIED", "No policy rule allows it.", "waggle why SOURCE DESTINATION:PORT shows the policies that apply and what they allow"),
        new(134, "INVALID_PACKET", "Headers are truncated or contradict each other.", "cilium monitor --type drop -o json shows the first bytes"),
        new(139, "UNSUPPORTED_L3_PROTOCOL", "The address family is switched off on this node.", "cilium config get enable-ipv4; cilium config get enable-ipv6"),
        new(141, "ERROR_WRITING_TO_PACKET", "The kernel refused to change the packet.", "Report it with cilium monitor --type drop -o json"),
        new(142, "UNKNOWN_L4_PROTOCOL", "The transport protocol cannot be handled here.", "cilium monitor --type drop -o json shows the protocol number"),
        new(147, "NO_TUNNEL_KEY", "An encapsulated packet came without tunnel metadata.", "Check that nothing else uses the VXLAN port: ss -lun 'sport = :8472'"),
        new(151, "UNROUTABLE", "The destination is an address of the cluster that nobody has.", "kubectl get pods -A -o wide: was the pod deleted? cilium bpf ipcache list"),
        new(156, "INVALID_EXTENSION_HEADER", "An IPv6 extension header is malformed or there are too many.", "cilium monitor --type drop -o json"),
        new(157, "FRAGMENT_UNSUPPORTED", "A fragment where fragments cannot be handled.", "Lower the sender's packet size, or let path MTU discovery work"),
        new(160, "NO_TUNNEL_ENDPOINT", "It is not known which node has the destination.", "cilium bpf ipcache list; cilium node list"),
        new(166, "UNSUPPORTED_L2_PROTOCOL", "The frame is neither IPv4, IPv6 nor ARP.", "kubectl exec POD -- tcpdump -e shows the frame type"),
        new(167, "NO_NAT_MAPPING", "No free port was left for masquerading.", "cilium bpf metrics list; too many connections to one destination share the node's address"),
        new(168, "UNSUPPORTED_NAT_PROTOCOL", "The protocol has no ports, so it cannot be masqueraded.", "Route it without masquerade, or use TCP, UDP or ICMP echo"),
        new(169, "FIB_LOOKUP_FAILED", "The node has no route to the destination.", "ip route get ADDRESS on the node"),
        new(170, "TUNNEL_PROHIBITED", "An encapsulated packet came from an address that is no node of the cluster.", "cilium node list; if the address is a node's, its CiliumNode lacks it"),
        new(171, "INVALID_IDENTITY", "The packet claims an identity that never travels between nodes.", "Check the sending node's version: cilium status"),
        new(172, "UNKNOWN_SENDER", "It came from a device that belongs to no endpoint.", "cilium bpf endpoint list; recreate the pod"),
        new(175, "FRAGMENT_NOT_FOUND", "A later fragment whose first fragment was not seen.", "Loss or reordering before this node; lower the sender's packet size"),
        new(176, "FORBIDDEN_ICMPV6", "Pods may send neither router advertisements nor redirects.", "kubectl exec POD -- ps: what sends them?"),
        new(181, "POLICY_DENY", "A deny rule of a policy says no.", "waggle why SOURCE DESTINATION:PORT names the rule"),
        new(183, "INVALID_VNI", "The VXLAN network identifier is none of the cluster's.", "Check that nothing else sends VXLAN to this node"),
        new(196, "TTL_EXCEEDED", "The packet's hop limit ran out here.", "traceroute shows the path; look for a routing loop"),
        new(199, "IGMP_HANDLED", "An IGMP or MLD message that changed nothing or left a group.", "Nothing to do"),
        new(200, "IGMP_SUBSCRIBED", "An IGMP or MLD message that joined a group.", "cilium bpf multicast subscriber list all"),
        new(201, "MULTICAST_HANDLED", "The datagram was replicated to the group's members.", "Nothing to do"),
        new(230, "MULTICAST_DISABLED", "Multicast is switched off.", "cilium config set multicast-enabled true"),
        new(231, "MULTICAST_UNCONFIGURED", "The group is not configured, so nobody can receive it.", "cilium bpf multicast group list --unconfigured; add it to an IsovalentMulticastGroup"),
        new(232, "MULTICAST_NO_MEMBERS", "Nobody has joined this configured group.", "cilium bpf multicast subscriber list GROUP"),
        new(233, "MULTICAST_LINK_LOCAL", "Link-local groups (224.0.0.0/24, ff02::/16) are never forwarded.", "Use a group outside that range, such as 225.0.0.0/8"),
        new(234, "MULTICAST_FORBIDDEN", "This pod may not use multicast.", "kubectl describe pod POD: see its annotations"),
        new(235, "MULTICAST_BAD_SOURCE", "The source address is itself multicast or unspecified.", "cilium monitor --type drop -o json"),
        new(236, "IGMP_TRUNCATED", "A membership report is shorter than it says.", "cilium monitor --type drop -o json shows the report"),
        new(237, "IGMP_CHECKSUM", "The checksum of an IGMP or MLD message is wrong.", "Look at the sender's program"),
        new(238, "IGMP_UNKNOWN_TYPE", "An IGMP or MLD message of an unknown type.", "cilium monitor --type drop -o json"),
        new(239, "IGMP_TOO_MANY_RECORDS", "A membership report lists more groups than are accepted in one message.", "Send several smaller reports"),
        new(240, "IGMP_TOO_MANY_SOURCES", "A record lists more sources than one filter may have (64).", "Join with fewer sources, or any source"),
        new(241, "IGMP_NOT_A_GROUP", "A record names an address that is not multicast.", "Look at the sender's program"),
        new(242, "IGMP_LINK_LOCAL_GROUP", "Link-local groups need no membership.", "Nothing to do"),
        new(243, "IGMP_QUERY_FROM_POD", "Only the node's agent may ask who listens.", "kubectl exec POD -- ps: what runs a multicast router there?"),
        new(244, "IGMP_RATE_LIMITED", "The pod sends more membership messages than it may.", "cilium config get multicast-max-report-rate"),
        new(245, "IGMP_TOO_MANY_GROUPS", "The pod has joined as many groups as it may.", "cilium config get multicast-max-memberships-per-endpoint"),
        new(246, "IGMP_TABLE_FULL", "The node's membership table is full.", "cilium bpf multicast subscriber list all; fewer groups or members on this node"),
        new(247, "IGMP_HOP_LIMIT", "Membership messages travel one hop; this one came from elsewhere.", "cilium monitor --type drop -o json"),
        new(248, "MLD_BAD_SOURCE", "MLD must come from a link-local address or ::.", "Look at the sender's program"),
        new(249, "NEIGHBOUR_HANDLED", "An ARP request or neighbour solicitation that was answered.", "Nothing to do"),
        new(250, "PATH_MTU_HANDLED", "Too big for the path; the sender was told the size that fits.", "Nothing to do, unless it repeats: the sender ignores ICMP"),
        new(251, "COPY_FAILED", "A multicast copy could not be sent to one member.", "cilium bpf metrics list; the member's device may be gone or its queue full"),
        new(252, "BROADCAST", "IPv4 broadcasts from pods go nowhere.", "Use multicast or a unicast address"),
        new(253, "LINK_LOCAL_HANDLED", "Router solicitations, membership reports and the like that the node's own stack sends on cilium_host, where nobody else is.", "Nothing to do"),
    ];

    /// <summary>Finds by number, constant name or text; null when there is no such reason.</summary>
    public static DropReason? Find(string text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code))
        {
            return Find(code);
        }

        var name = text.Trim().Replace(' ', '_').Replace('-', '_');
        return All.FirstOrDefault(reason => reason.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
    }

    public static DropReason? Find(int code) => All.FirstOrDefault(reason => reason.Code == code);

    /// <summary>The text of a code, also of one that is not in the list.</summary>
    public static string TextOf(int code) => code == 0 ? "Forwarded" : Find(code)?.Text ?? code.ToString(CultureInfo.InvariantCulture);
}
