/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_SHORTCUT_H
#define WAGGLE_LIB_SHORTCUT_H

#include "forward.h"

/*
 * The short way of a packet of an open connection between pods. The connection's row says where the last packet of this end went
 * (conntrack_side), so that neither sender nor receiver is looked up. Only for packets to which the long way would do nothing but
 * count and forward them; all others take it, and a few times per second one takes it that need not: it keeps the times of the row,
 * which are in seconds.
 */
#define NO_SHORTCUT TC_ACT_UNSPEC

/* Where nothing is merged, every packet is told while somebody looks. */
INLINE bool shortcuts_on(void)
{
	return config.conntrack_enabled && config.redirect_peer && !config.debug &&
	       (!config.trace_points || config.trace_aggregation >= TRACE_AGGREGATION_MEDIUM || traces_paused());
}

/* Does the packet need a look at the MTU of its way to another node? */
INLINE bool may_be_too_big(__u32 ip_length)
{
	return config.path_mtu_check && ip_length > config.path_mtu_floor;
}

/*
 * The row's side of the packet's sender, with the packet counted there; NULL: the packet takes the long way. Only packets with ports
 * right behind a plain IP header have one. From the overlay, `identity` is the sender's as the tunnel says; else it is set.
 */
INLINE struct conntrack_side *find_side(struct __sk_buff *skb, __u32 generation, __u32 origin, __u32 *identity, const bool overlay, const bool ipv6)
{
	const __u32 length = ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	void *ip = packet_data(skb) + ETH_HLEN;
	const __be16 *ports = ip + length;
	struct address source, destination;
	struct conntrack_entry *entry;
	struct conntrack_side *side;
	struct conntrack_key key;
	__u32 ip_length, flags, sender;
	bool low, initiator;
	__u8 protocol;

	if ((void *)ports + TCP_FLAGS_OFFSET + 1 > packet_end(skb))
		return NULL;
	if (ipv6) {
		struct ipv6hdr *header = ip;

		if (header->version != 6 || (!overlay && header->hop_limit <= 1))
			return NULL;
		ip_length = length + bpf_ntohs(header->payload_len);
		protocol = header->nexthdr;
		__builtin_memcpy(&source, &header->saddr, sizeof(source));
		__builtin_memcpy(&destination, &header->daddr, sizeof(destination));
		low = source.high == destination.high ? bpf_be64_to_cpu(source.low) < bpf_be64_to_cpu(destination.low)
						      : bpf_be64_to_cpu(source.high) < bpf_be64_to_cpu(destination.high);
	} else {
		struct iphdr *header = ip;

		if (*(__u8 *)ip != 0x45 || header->frag_off & bpf_htons(IPV4_MF | IPV4_OFFSET) || (!overlay && header->ttl <= 1))
			return NULL;
		ip_length = bpf_ntohs(header->tot_len);
		protocol = header->protocol;
		source = address_from_v4(header->saddr);
		destination = address_from_v4(header->daddr);
		low = bpf_ntohl(header->saddr) < bpf_ntohl(header->daddr);
	}
	if (address_equal(&source, &destination) || ip_length + ETH_HLEN > skb->len)
		return NULL;
	flags = 0;
	if (protocol == IPPROTO_TCP) {
		flags = *((__u8 *)ports + TCP_FLAGS_OFFSET);
		if (flags & (TCP_SYN | TCP_FIN | TCP_RST) || ip_length < length + TCP_HEADER)
			return NULL;
	} else if (protocol != IPPROTO_UDP || ip_length < length + 8) {
		return NULL;
	}
	if (low)
		fill_key(&key, &source, &destination, ports[0], ports[1], protocol);
	else
		fill_key(&key, &destination, &source, ports[1], ports[0], protocol);
	entry = bpf_map_lookup_elem(&conntrack, &key);
	if (!entry)
		return NULL;
	initiator = low == !!(entry->flags & CONNTRACK_LOW_INITIATED);
	side = side_of(entry, initiator);
	if (side->generation != generation || side->from != origin || (side->path == CONNTRACK_PATH_OVERLAY_TO_POD) != overlay ||
	    ticks() - side->kept > PATH_TICKS || (side->path == CONNTRACK_PATH_POD_TO_OVERLAY && may_be_too_big(ip_length)))
		return NULL;
	if (entry->flags & (CONNTRACK_CUT | CONNTRACK_DRAINING) || flags & ~(initiator ? entry->flags_initiator : entry->flags_responder))
		return NULL;
	sender = initiator ? entry->initiator_identity : entry->responder_identity;
	if (overlay && *identity != sender)
		return NULL;
	*identity = sender;
	if (config.policy_enabled && initiator) {
		count_rule(entry->egress_rule, skb->len);
		count_rule(entry->ingress_rule, skb->len);
	}
	side->packets++;
	side->bytes += skb->len;
	return side;
}

INLINE int deliver_shortly(struct __sk_buff *skb, const struct conntrack_side *side)
{
	struct ethhdr *eth = packet_data(skb);

	if ((void *)(eth + 1) > packet_end(skb))
		return DROP(SHORTCUT, INVALID_PACKET);
	__builtin_memcpy(eth, side->macs, sizeof(side->macs));
	count(DROP_REASON_NONE, TRAFFIC_DIRECTION_INGRESS, skb->len);
	return bpf_redirect_peer(side->to, 0);
}

INLINE int encapsulate_shortly(struct __sk_buff *skb, __u32 node, __u32 identity)
{
	struct bpf_tunnel_key key = { .tunnel_id = identity, .tunnel_ttl = 64, .remote_ipv4 = bpf_ntohl(node) };

	if (unlikely(bpf_skb_set_tunnel_key(skb, &key, sizeof(key), BPF_F_ZERO_CSUM_TX)))
		return DROP(SHORTCUT, NO_TUNNEL_ENDPOINT);
	return bpf_redirect(config.overlay_ifindex, 0);
}

INLINE int shortcut_from_pod_ip(struct __sk_buff *skb, __u32 generation, const bool ipv6)
{
	struct conntrack_side *side;
	__u32 identity;

	side = find_side(skb, generation, skb->ifindex, &identity, false, ipv6);
	if (!side)
		return NO_SHORTCUT;
	count(DROP_REASON_NONE, TRAFFIC_DIRECTION_EGRESS, skb->len);
	TRY(decrement_hop_limit(skb, ipv6));
	if (side->path == CONNTRACK_PATH_POD_TO_OVERLAY)
		return encapsulate_shortly(skb, side->to, identity);
	return deliver_shortly(skb, side);
}

NOINLINE int shortcut_from_pod(struct __sk_buff *skb, __u32 generation)
{
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return config.ipv4_enabled ? shortcut_from_pod_ip(skb, generation, false) : NO_SHORTCUT;
	if (skb->protocol == bpf_htons(ETH_P_IPV6))
		return config.ipv6_enabled ? shortcut_from_pod_ip(skb, generation, true) : NO_SHORTCUT;
	return NO_SHORTCUT;
}

INLINE int shortcut_from_overlay_ip(struct __sk_buff *skb, __u32 generation, __u32 node, __u32 identity, const bool ipv6)
{
	struct conntrack_side *side = find_side(skb, generation, node, &identity, true, ipv6);

	if (!side)
		return NO_SHORTCUT;
	/* The inner frame still carries MACs of the sending node. */
	if (skb->pkt_type != PACKET_HOST)
		bpf_skb_change_type(skb, PACKET_HOST);
	return deliver_shortly(skb, side);
}

/* `node`: the outer source, IPv4 in network order. `identity`: the tunnel's. */
NOINLINE int shortcut_from_overlay(struct __sk_buff *skb, __u32 generation, __u32 node, __u32 identity)
{
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return config.ipv4_enabled ? shortcut_from_overlay_ip(skb, generation, node, identity, false) : NO_SHORTCUT;
	if (skb->protocol == bpf_htons(ETH_P_IPV6))
		return config.ipv6_enabled ? shortcut_from_overlay_ip(skb, generation, node, identity, true) : NO_SHORTCUT;
	return NO_SHORTCUT;
}

#endif
