// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The node's uplink. `from_network` at its ingress: replies to masqueraded flows, natively routed packets for local pods,
 * multicast copies of other nodes. `to_network` at its egress: masquerading. Everything else is the stack's.
 */
#include "../lib/common.h"
#include "../lib/config.h"
#include "../lib/multicast.h"
#include "../lib/nat_related.h"

/* Undoes the translation of a reply. 0: done, packet->destination is the pod; 1: not ours. */
NOINLINE int reverse_masquerade(struct __sk_buff *skb, struct packet *packet, bool ipv6)
{
	struct address from = packet->destination;
	struct nat_key key = { .source = packet->source, .destination = packet->destination, .direction = NAT_IN };
	struct nat_entry *entry;
	struct flow flow = {};
	int result;

	result = ipv6 ? read_flow(skb, packet, &flow, false, true) : read_flow(skb, packet, &flow, false, false);
	if (result < 0)
		return 1; /* the stack sees to malformed packets for the node itself */
	if (flow.kind == FLOW_RELATED) {
		struct address pod = {};

		result = ipv6 ? translate_related(skb, packet, &flow, &pod, false, true)
			      : translate_related(skb, packet, &flow, &pod, false, false);
		if (!result)
			packet->destination = pod;
		return result;
	}
	if (flow.kind == FLOW_UNSUPPORTED || !port_in_range(flow.local_port))
		return 1;
	key.protocol = flow.protocol;
	key.source_port = flow.remote_port;
	key.destination_port = flow.local_port;
	entry = bpf_map_lookup_elem(&snat, &key);
	if (!entry)
		return 1;
	packet->destination = entry->address;
	return ipv6 ? rewrite(skb, &flow, false, &from, &packet->destination, entry->port, true)
		    : rewrite(skb, &flow, false, &from, &packet->destination, entry->port, false);
}

/* A group's datagram in a unicast frame is a copy that another node made (replicate.h); anything else is the stack's. */
NOINLINE int multicast_from_network(struct __sk_buff *skb, struct trail *trail, const struct packet *packet, bool ipv6)
{
	const struct ipcache_entry *entry = find_ipcache_exact(&packet->source);

	if (!config.multicast_enabled || config.routing_mode != ROUTING_MODE_NATIVE || skb->pkt_type != PACKET_HOST || !entry ||
	    !find_group(&packet->destination))
		return TC_ACT_OK;
	trail->source_identity = entry->identity;
	trace(skb, trail, TRACE_POINT_FROM_NETWORK, 0);
	return send_to_group(skb, trail, packet, NO_SLOT, 0, true, true, ipv6);
}

/* Neighbour discovery keeps the node on its link, and nobody may take that away by a rule. */
INLINE bool is_neighbour_discovery(struct __sk_buff *skb, const struct packet *packet, const bool ipv6)
{
	__u8 type = 0;

	if (!ipv6 || packet->protocol != IPPROTO_ICMPV6)
		return false;
	bpf_skb_load_bytes(skb, ETH_HLEN + sizeof(struct ipv6hdr), &type, 1);
	return type >= ND_ROUTER_SOLICITATION && type <= ND_REDIRECT;
}

/* A pod that is reached through a tunnel does not come without one: somebody in the underlay uses its address. */
INLINE __u32 identity_from_network(const struct address *source)
{
	const struct ipcache_entry *entry = find_ipcache(source);

	if (!entry || takes_tunnel(entry))
		return RESERVED_IDENTITY_WORLD;
	return entry->identity;
}

/* The node's own firewall. */
INLINE int to_node(struct __sk_buff *skb, struct trail *trail, const struct packet *packet, const struct endpoint_info *node, const bool ipv6)
{
	if (!config.host_firewall || is_neighbour_discovery(skb, packet, ipv6))
		return TC_ACT_OK;
	trail->source_identity = identity_from_network(&packet->source);
	trail->answers = ANSWERS_OUT_OF_DEVICE;
	set_destination(trail, node);
	return admit(skb, trail, packet, ipv6);
}

/*
 * A packet for a port of the node itself that no translation uses: the tunnel's, first of all, which carries everything between
 * nodes. Only told of plain headers; of others nothing is known yet.
 */
INLINE bool is_nodes_own(struct __sk_buff *skb, const bool ipv6)
{
	const __u32 length = ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	void *ip = packet_data(skb) + ETH_HLEN;
	const __be16 *ports = ip + length;
	struct address own = masquerade_address(ipv6), destination;
	__u8 protocol;

	if ((void *)(ports + 2) > packet_end(skb))
		return false;
	if (ipv6) {
		__builtin_memcpy(&destination, &((struct ipv6hdr *)ip)->daddr, sizeof(destination));
		protocol = ((struct ipv6hdr *)ip)->nexthdr;
	} else {
		struct iphdr *header = ip;

		if (*(__u8 *)ip != 0x45 || header->frag_off & bpf_htons(IPV4_MF | IPV4_OFFSET))
			return false;
		destination = address_from_v4(header->daddr);
		protocol = header->protocol;
	}
	return (protocol == IPPROTO_UDP || protocol == IPPROTO_TCP) && address_equal(&destination, &own) && !port_in_range(ports[1]);
}

INLINE int from_network_ip(struct __sk_buff *skb, struct trail *trail, const bool ipv6)
{
	struct address own = masquerade_address(ipv6);
	const struct endpoint_info *endpoint;
	struct packet packet;
	int verdict;

	if (!(ipv6 ? config.ipv6_enabled : config.ipv4_enabled))
		return TC_ACT_OK;
	if (parse_ip(skb, &packet, ipv6) < 0)
		return TC_ACT_OK; /* not for us to judge */
	if (address_is_multicast(&packet.destination, ipv6))
		return multicast_from_network(skb, trail, &packet, ipv6);
	if (address_equal(&packet.destination, &own)) {
		if (!(ipv6 ? config.masquerade_ipv6 : config.masquerade_ipv4) || TRY(reverse_masquerade(skb, &packet, ipv6))) {
			if (!config.host_firewall)
				return TC_ACT_OK;
		}
	}
	endpoint = find_endpoint(&packet.destination);
	if (!endpoint)
		return TC_ACT_OK;
	if (endpoint->flags & ENDPOINT_HOST)
		return to_node(skb, trail, &packet, endpoint, ipv6);
	if (packet.hop_limit <= 1)
		return TC_ACT_OK;
	trail->endpoint_id = endpoint->endpoint_id;
	trail->source_identity = config.conntrack_enabled ? identity_from_network(&packet.source) : RESERVED_IDENTITY_WORLD;
	trail->answers = ANSWERS_OUT_OF_DEVICE;
	set_destination(trail, endpoint);
	verdict = admit(skb, trail, &packet, ipv6);
	if (unlikely(verdict))
		return verdict;
	trace(skb, trail, TRACE_POINT_FROM_NETWORK, 0);
	TRY(decrement_hop_limit(skb, ipv6));
	return deliver(skb, trail, endpoint, true);
}

NOINLINE int from_network_ipv4(struct __sk_buff *skb, struct trail *trail)
{
	return from_network_ip(skb, trail, false);
}

NOINLINE int from_network_ipv6(struct __sk_buff *skb, struct trail *trail)
{
	return from_network_ip(skb, trail, true);
}

SEC("tc")
int from_network(struct __sk_buff *skb)
{
	struct trail trail = {};
	int verdict = TC_ACT_OK;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (!config.host_firewall && is_nodes_own(skb, false))
			return TC_ACT_OK;
		verdict = from_network_ipv4(skb, &trail);
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		if (!config.host_firewall && is_nodes_own(skb, true))
			return TC_ACT_OK;
		verdict = from_network_ipv6(skb, &trail);
	}
	return leave_hook(skb, &trail, verdict, TRAFFIC_DIRECTION_INGRESS);
}

/* What is known of the connection of a packet that a pod sent; it was admitted when it left the pod. Returns 1 if the other side opened it. */
NOINLINE int recall_connection(struct __sk_buff *skb, struct trail *trail, const struct packet *packet, bool ipv6)
{
	struct tuple_work *work = get_tuple_work();
	const struct conntrack_entry *entry;
	const struct tuple *tuple;
	int result;

	if (!work)
		return 0;
	tuple = &work->tuple;
	result = ipv6 ? read_tuple(skb, packet, work, true) : read_tuple(skb, packet, work, false);
	if (result < 0 || tuple->kind == TUPLE_UNTRACKED)
		return 0;
	entry = bpf_map_lookup_elem(&conntrack, &tuple->key);
	if (!entry || !is_alive(entry, seconds()))
		return 0;
	trail->is_reply = !from_initiator(entry, tuple);
	if (tuple->kind == TUPLE_RELATED)
		trail->reason = TRACE_REASON_RELATED;
	else if (trail->is_reply)
		trail->reason = TRACE_REASON_REPLY;
	else
		trail->reason = entry->initiator.packets <= 1 ? TRACE_REASON_NEW : TRACE_REASON_ESTABLISHED;
	/* Whether it is time to tell of this connection was decided when the packet left the pod. */
	trail->quiet = skb->mark == MARK_QUIET;
	return trail->is_reply;
}

/* The node's own packets: its firewall. Apart from the rest, whose stack is full with translation. */
INLINE int from_node_ip(struct __sk_buff *skb, struct trail *trail, const bool ipv6)
{
	const struct endpoint_info *node;
	const struct ipcache_entry *entry;
	struct packet packet;

	if (parse_ip(skb, &packet, ipv6) < 0 || address_is_multicast(&packet.destination, ipv6) || is_neighbour_discovery(skb, &packet, ipv6))
		return TC_ACT_OK;
	node = find_endpoint(&packet.source);
	if (!node || !(node->flags & ENDPOINT_HOST))
		return TC_ACT_OK;
	entry = find_ipcache(&packet.destination);
	trail->source_identity = RESERVED_IDENTITY_HOST;
	trail->source_subject = node->policy_subject;
	trail->destination_identity = entry ? entry->identity : RESERVED_IDENTITY_WORLD;
	return admit(skb, trail, &packet, ipv6);
}

NOINLINE int from_node_ipv4(struct __sk_buff *skb, struct trail *trail)
{
	return from_node_ip(skb, trail, false);
}

NOINLINE int from_node_ipv6(struct __sk_buff *skb, struct trail *trail)
{
	return from_node_ip(skb, trail, true);
}

INLINE int to_network_ip(struct __sk_buff *skb, struct trail *trail, const bool ipv6)
{
	const bool masquerades = ipv6 ? config.masquerade_ipv6 : config.masquerade_ipv4;
	struct address own = masquerade_address(ipv6), translated = {};
	const struct endpoint_info *sender;
	struct flow flow = {};
	struct packet packet;
	bool opened_outside = false;

	if (!masquerades && !(config.trace_points & 1U << TRACE_POINT_TO_NETWORK))
		return TC_ACT_OK;
	if (parse_ip(skb, &packet, ipv6) < 0)
		return TC_ACT_OK;
	if (likely(address_equal(&packet.source, &own)))
		return TC_ACT_OK;
	sender = find_endpoint(&packet.source);
	if (!endpoint_is_local_pod(sender))
		return TC_ACT_OK;
	trail->endpoint_id = sender->endpoint_id;
	trail->source_identity = sender->identity;
	/* A group's datagram is told as each of its copies is: a group has no connections (replicate.h). */
	if (config.conntrack_enabled && !address_is_multicast(&packet.destination, ipv6))
		opened_outside = recall_connection(skb, trail, &packet, ipv6);
	trace(skb, trail, TRACE_POINT_TO_NETWORK, skb->ifindex);
	if (!masquerades || !leaves_cluster(&packet.destination, ipv6))
		return TC_ACT_OK;
	TRY(read_flow(skb, &packet, &flow, true, ipv6));
	switch (flow.kind) {
	case FLOW_PORTS:
	case FLOW_ECHO:
		return masquerade_flow(skb, &packet, &flow, (ipv6 ? MASQUERADE_IPV6 : 0) | (opened_outside ? MASQUERADE_KNOWN_ONLY : 0));
	case FLOW_RELATED:
		if (!TRY(translate_related(skb, &packet, &flow, &translated, true, ipv6)))
			return TC_ACT_OK;
		return opened_outside ? TC_ACT_OK : DROP(NETDEV, NO_NAT_MAPPING);
	default:
		return opened_outside ? TC_ACT_OK : DROP(NETDEV, UNSUPPORTED_NAT_PROTOCOL);
	}
}

NOINLINE int to_network_ipv4(struct __sk_buff *skb, struct trail *trail)
{
	return to_network_ip(skb, trail, false);
}

NOINLINE int to_network_ipv6(struct __sk_buff *skb, struct trail *trail)
{
	return to_network_ip(skb, trail, true);
}

SEC("tc")
int to_network(struct __sk_buff *skb)
{
	struct trail trail = {};
	int verdict = TC_ACT_OK;

	if (unlikely(skb->mark == MARK_ANSWER)) /* an answer that from_network made */
		return TC_ACT_OK;
	if (config.host_firewall) {
		if (skb->protocol == bpf_htons(ETH_P_IP))
			verdict = from_node_ipv4(skb, &trail);
		else if (skb->protocol == bpf_htons(ETH_P_IPV6))
			verdict = from_node_ipv6(skb, &trail);
		if (verdict != TC_ACT_OK)
			return leave_hook(skb, &trail, verdict, TRAFFIC_DIRECTION_EGRESS);
	}
	if (skb->protocol == bpf_htons(ETH_P_IP))
		verdict = to_network_ipv4(skb, &trail);
	else if (skb->protocol == bpf_htons(ETH_P_IPV6))
		verdict = to_network_ipv6(skb, &trail);
	return leave_hook(skb, &trail, verdict, TRAFFIC_DIRECTION_EGRESS);
}

char _license[] SEC("license") = "Dual BSD/GPL";
