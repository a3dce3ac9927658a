/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_NAT_H
#define WAGGLE_LIB_NAT_H

#include "icmp.h"
#include "maps_nat.h"
#include "packet.h"

/*
 * Reading and rewriting what address translation is about: one address and one port of a packet. "Local" is the pod's side
 * (its own address, or the masquerade address), "remote" the other.
 */
enum flow_kind {
	FLOW_UNSUPPORTED, /* protocol without ports, or an ICMP message that belongs to no flow */
	FLOW_PORTS,       /* TCP, UDP */
	FLOW_ECHO,        /* ICMP echo: the identifier is the local port */
	FLOW_RELATED,     /* ICMP error about a packet of a flow */
};

struct flow {
	__u32 offset;             /* transport header, from the start of the frame */
	__be16 local_port;
	__be16 remote_port;
	__u8 kind;                /* enum flow_kind */
	__u8 protocol;
	__u8 local_port_offset;   /* in the transport header */
	__u8 checksum_offset;     /* in the transport header */
	bool header;              /* the packet has the transport header: it is no later fragment */
	__u8 pad[3];
};

#define TCP_CHECKSUM_OFFSET 16
#define UDP_CHECKSUM_OFFSET 6
#define ICMP_CHECKSUM_OFFSET 2
#define ICMP_ID_OFFSET 4

INLINE bool icmp_is_error(__u8 type, const bool ipv6)
{
	if (ipv6)
		return type >= ICMPV6_UNREACHABLE && type <= ICMPV6_PARAMETER_PROBLEM;
	return type == ICMP_UNREACHABLE || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM;
}

/* The flow of a transport header at `offset`. `outgoing`: the sender of that header is the local side. */
INLINE int read_transport(struct __sk_buff *skb, struct flow *flow, __u8 protocol, __u32 offset, const bool outgoing, const bool ipv6)
{
	struct icmp_header icmp;
	__be16 ports[2];

	flow->offset = offset;
	flow->protocol = protocol;
	flow->header = true;
	flow->kind = FLOW_UNSUPPORTED;
	if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) {
		if (bpf_skb_load_bytes(skb, offset, ports, sizeof(ports)))
			return DROP(NAT, INVALID_PACKET);
		flow->kind = FLOW_PORTS;
		flow->local_port = outgoing ? ports[0] : ports[1];
		flow->remote_port = outgoing ? ports[1] : ports[0];
		flow->local_port_offset = outgoing ? 0 : 2;
		flow->checksum_offset = protocol == IPPROTO_TCP ? TCP_CHECKSUM_OFFSET : UDP_CHECKSUM_OFFSET;
	} else if (protocol == (ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP)) {
		if (bpf_skb_load_bytes(skb, offset, &icmp, sizeof(icmp)))
			return DROP(NAT, INVALID_PACKET);
		flow->checksum_offset = ICMP_CHECKSUM_OFFSET;
		if (icmp.type == (outgoing ? (ipv6 ? ICMPV6_ECHO : ICMP_ECHO) : (ipv6 ? ICMPV6_ECHO_REPLY : ICMP_ECHO_REPLY))) {
			flow->kind = FLOW_ECHO;
			flow->local_port = bpf_htons(bpf_ntohl(icmp.rest) >> 16);
			flow->remote_port = 0;
			flow->local_port_offset = ICMP_ID_OFFSET;
		} else if (icmp_is_error(icmp.type, ipv6)) {
			flow->kind = FLOW_RELATED;
		}
	}
	return 0;
}

/* The flow of a packet; a later fragment has the ports that its first one left behind. */
INLINE int read_flow(struct __sk_buff *skb, const struct packet *packet, struct flow *flow, const bool outgoing, const bool ipv6)
{
	struct transport transport = {};
	struct fragment_key key = { .source = packet->source, .destination = packet->destination };
	struct fragment_entry *known, fresh;

	TRY(locate_transport(skb, packet, &transport, ipv6));
	key.id = transport.fragment_id;
	key.protocol = transport.protocol;
	if (transport.first) {
		TRY(read_transport(skb, flow, transport.protocol, transport.offset, outgoing, ipv6));
		if (transport.fragmented && flow->kind != FLOW_UNSUPPORTED) {
			fresh.source_port = outgoing ? flow->local_port : flow->remote_port;
			fresh.destination_port = outgoing ? flow->remote_port : flow->local_port;
			bpf_map_update_elem(&fragments, &key, &fresh, BPF_ANY);
		}
		return 0;
	}
	known = bpf_map_lookup_elem(&fragments, &key);
	if (!known)
		return DROP(NAT, FRAGMENT_NOT_FOUND);
	flow->kind = FLOW_PORTS;
	flow->protocol = transport.protocol;
	flow->header = false;
	flow->local_port = outgoing ? known->source_port : known->destination_port;
	flow->remote_port = outgoing ? known->destination_port : known->source_port;
	return 0;
}

INLINE __u32 address_field(bool source, const bool ipv6)
{
	if (ipv6)
		return ETH_HLEN + (source ? offsetof(struct ipv6hdr, saddr) : offsetof(struct ipv6hdr, daddr));
	return ETH_HLEN + (source ? offsetof(struct iphdr, saddr) : offsetof(struct iphdr, daddr));
}

/* Difference that a change of address makes to a checksum. */
INLINE __u32 address_difference(const struct address *from, const struct address *to, const bool ipv6)
{
	__u32 skip = ipv6 ? 0 : 3, size = ipv6 ? 16 : 4;

	return bpf_csum_diff((__be32 *)((union address_words *)from)->words + skip, size, (__be32 *)((union address_words *)to)->words + skip,
			     size, 0);
}

INLINE int store_address(struct __sk_buff *skb, __u32 offset, const struct address *address, const bool ipv6)
{
	const union address_words *u = (const union address_words *)address;

	return ipv6 ? bpf_skb_store_bytes(skb, offset, u->bytes, 16, 0) : bpf_skb_store_bytes(skb, offset, &u->words[3], 4, 0);
}

/* Replaces the local address (source or destination field) and port of a packet, checksums included. */
INLINE int rewrite(struct __sk_buff *skb, const struct flow *flow, bool source, const struct address *from, const struct address *to,
		   __be16 port, const bool ipv6)
{
	__u32 difference = address_difference(from, to, ipv6), checksum = flow->offset + flow->checksum_offset;
	__u64 zero = flow->protocol == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;

	if (flow->header) {
		/* ICMP's checksum does not cover the addresses (RFC 792); ICMPv6's does. */
		if ((ipv6 || flow->kind == FLOW_PORTS) && bpf_l4_csum_replace(skb, checksum, 0, difference, BPF_F_PSEUDO_HDR | zero))
			return DROP(NAT, ERROR_WRITING_TO_PACKET);
		if (flow->kind != FLOW_RELATED && port != flow->local_port &&
		    (bpf_l4_csum_replace(skb, checksum, flow->local_port, port, sizeof(port) | zero) ||
		     bpf_skb_store_bytes(skb, flow->offset + flow->local_port_offset, &port, sizeof(port), 0)))
			return DROP(NAT, ERROR_WRITING_TO_PACKET);
	}
	if (!ipv6 && bpf_l3_csum_replace(skb, ETH_HLEN + offsetof(struct iphdr, check), 0, difference, 0))
		return DROP(NAT, ERROR_WRITING_TO_PACKET);
	return store_address(skb, address_field(source, ipv6), to, ipv6) ? DROP(NAT, ERROR_WRITING_TO_PACKET) : 0;
}

#endif
