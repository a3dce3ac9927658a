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

INLINE int from_network_ip(struct __sk_buff *skb, struct trail *trail, const bool ipv6)
{
	struct address own = masquerade_address(ipv6);
	const struct endpoint_info *endpoint;
	struct packet packet;

	if (!(ipv6 ? config.ipv6_enabled : config.ipv4_enabled))
		return TC_ACT_OK;
	if (parse_ip(skb, &packet, ipv6) < 0)
		return TC_ACT_OK; /* not for us to judge */
	if (address_is_multicast(&packet.destination, ipv6))
		return multicast_from_network(skb, trail, &packet, ipv6);
	if (address_equal(&packet.destination, &own)) {
		if (!(ipv6 ? config.masquerade_ipv6 : config.masquerade_ipv4))
			return TC_ACT_OK;
		if (TRY(reverse_masquerade(skb, &packet, ipv6)))
			return TC_ACT_OK;
	}
	endpoint = find_endpoint(&packet.destination);
	if (!endpoint_is_local_pod(endpoint) || packet.hop_limit <= 1)
		return TC_ACT_OK;
	trail->endpoint_id = endpoint->endpoint_id;
	trail->source_identity = RESERVED_IDENTITY_WORLD;
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

	if (skb->protocol == bpf_htons(ETH_P_IP))
		verdict = from_network_ipv4(skb, &trail);
	else if (skb->protocol == bpf_htons(ETH_P_IPV6))
		verdict = from_network_ipv6(skb, &trail);
	return leave_hook(skb, &trail, verdict, TRAFFIC_DIRECTION_INGRESS);
}

INLINE int to_network_ip(struct __sk_buff *skb, struct trail *trail, const bool ipv6)
{
	struct address own = masquerade_address(ipv6), translated = {};
	const struct endpoint_info *sender;
	struct flow flow = {};
	struct packet packet;

	if (!(ipv6 ? config.masquerade_ipv6 : config.masquerade_ipv4))
		return TC_ACT_OK;
	if (parse_ip(skb, &packet, ipv6) < 0)
		return TC_ACT_OK;
	if (likely(address_equal(&packet.source, &own)))
		return TC_ACT_OK;
	sender = find_endpoint(&packet.source);
	if (!endpoint_is_local_pod(sender) || !leaves_cluster(&packet.destination, ipv6))
		return TC_ACT_OK;
	trail->endpoint_id = sender->endpoint_id;
	trail->source_identity = sender->identity;
	TRY(read_flow(skb, &packet, &flow, true, ipv6));
	trace(skb, trail, TRACE_POINT_TO_NETWORK, skb->ifindex);
	switch (flow.kind) {
	case FLOW_PORTS:
	case FLOW_ECHO:
		return masquerade_flow(skb, &packet, &flow, ipv6);
	case FLOW_RELATED:
		return TRY(translate_related(skb, &packet, &flow, &translated, true, ipv6)) ? DROP(NETDEV, NO_NAT_MAPPING) : TC_ACT_OK;
	default:
		return DROP(NETDEV, UNSUPPORTED_NAT_PROTOCOL);
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

	if (skb->protocol == bpf_htons(ETH_P_IP))
		verdict = to_network_ipv4(skb, &trail);
	else if (skb->protocol == bpf_htons(ETH_P_IPV6))
		verdict = to_network_ipv6(skb, &trail);
	return leave_hook(skb, &trail, verdict, TRAFFIC_DIRECTION_EGRESS);
}

char _license[] SEC("license") = "Dual BSD/GPL";
