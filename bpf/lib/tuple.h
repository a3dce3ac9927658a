/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_TUPLE_H
#define WAGGLE_LIB_TUPLE_H

#include "icmp.h"
#include "maps_conntrack.h"
#include "maps_nat.h"
#include "packet.h"

/*
 * What connection tracking and policy want to know of a packet: the connection it belongs to, from which end it comes, and
 * what it is for.
 */
enum tuple_kind {
	TUPLE_TRACKED,   /* belongs to a connection, or opens one */
	TUPLE_RELATED,   /* ICMP error: the key is that of the connection it is about */
	TUPLE_UNTRACKED, /* ICMP of another kind, or a later fragment nothing is known about: stands for itself */
};

struct tuple {
	struct conntrack_key key;
	__u32 now;        /* s, CLOCK_MONOTONIC */
	__u16 port;       /* host order; ICMP: the type */
	__u8 protocol;    /* of the packet itself */
	__u8 kind;        /* enum tuple_kind */
	__u8 tcp_flags;
	bool from_low;    /* sent by the low end of the key */
	bool answer;      /* ICMP echo reply: never opens a connection */
	bool question;    /* ICMP echo request: never an answer */
	bool ports_unknown; /* later fragment whose first one was not seen */
	__u8 pad[3];
	__u32 transport_offset; /* from the start of the frame; 0: not in this fragment */
};

struct quoted_ip {
	struct address source;
	struct address destination;
	__u32 transport;  /* offset from the start of the frame */
	__u8 protocol;
	__u8 pad[3];
};

/*
 * Where the headers of unusual packets are read to: the stack is too small for it. Private to each CPU, empty between packets, not
 * pinned; nothing that runs in between sends packets.
 */
struct tuple_work {
	struct tuple tuple;
	/* Where trail.delivery is set (path.h): forwarding_state.generation, before anything was looked up, and conntrack_side.from. */
	__u32 generation;
	__u32 origin;
	struct transport transport;
	struct fragment_key fragment;
	struct fragment_entry fragment_ports;
	struct quoted_ip quoted;
	struct icmp_header icmp;
	struct icmp_header echo;
	union {
		struct iphdr ipv4;
		struct ipv6hdr ipv6;
	} quoted_header;
	__be16 ports[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tuple_work);
} tuple_work_area SEC(".maps");

/* Every function looks it up itself: kernels before 6.8 take no key for a map from memory that came as an argument. */
INLINE struct tuple_work *get_tuple_work(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&tuple_work_area, &zero);
}

#define TCP_FIN 1
#define TCP_SYN 2
#define TCP_RST 4
#define TCP_ACK 16
#define TCP_HEADER 20
#define TCP_FLAGS_OFFSET 13

/* Bytes of the fixed header of which the ports are the first four; 0: a protocol without ports. */
INLINE __u32 ports_header(__u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return TCP_HEADER;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return 8;
	case IPPROTO_SCTP:
		return 12;
	default:
		return 0;
	}
}

/* Writes whole words: reading, as the look-up does, 4 bytes that were just written as 2 and 2 has to wait for the writes. */
INLINE void fill_key(struct conntrack_key *key, const struct address *low, const struct address *high, __be16 low_port, __be16 high_port,
		     __u8 protocol)
{
	__u64 rest = low_port | (__u64)high_port << 16 | (__u64)protocol << 32;

	key->low = *low;
	key->high = *high;
	__builtin_memcpy(&key->low_port, &rest, sizeof(rest));
}

/* Sorts the ends: by address, then by port, as bytes in network order. */
INLINE void set_key(struct tuple *tuple, const struct address *source, const struct address *destination, __be16 source_port,
		    __be16 destination_port, __u8 protocol)
{
	bool low = source->high == destination->high ? bpf_be64_to_cpu(source->low) < bpf_be64_to_cpu(destination->low)
						     : bpf_be64_to_cpu(source->high) < bpf_be64_to_cpu(destination->high);

	if (unlikely(address_equal(source, destination)))
		low = bpf_ntohs(source_port) <= bpf_ntohs(destination_port);
	tuple->from_low = low;
	if (low)
		fill_key(&tuple->key, source, destination, source_port, destination_port, protocol);
	else
		fill_key(&tuple->key, destination, source, destination_port, source_port, protocol);
}

INLINE bool read_quoted_ip(struct __sk_buff *skb, struct tuple_work *work, __u32 offset, const bool ipv6)
{
	struct quoted_ip *quoted = &work->quoted;

	if (ipv6) {
		struct ipv6hdr *ip = &work->quoted_header.ipv6;

		if (bpf_skb_load_bytes(skb, offset, ip, sizeof(*ip)))
			return false;
		__builtin_memcpy(&quoted->source, &ip->saddr, 16);
		__builtin_memcpy(&quoted->destination, &ip->daddr, 16);
		quoted->protocol = ip->nexthdr;
		quoted->transport = offset + sizeof(*ip);
	} else {
		struct iphdr *ip = &work->quoted_header.ipv4;

		if (bpf_skb_load_bytes(skb, offset, ip, sizeof(*ip)) || ip->ihl < 5 || ip->frag_off & bpf_htons(IPV4_OFFSET))
			return false;
		quoted->source = address_from_v4(ip->saddr);
		quoted->destination = address_from_v4(ip->daddr);
		quoted->protocol = ip->protocol;
		quoted->transport = offset + ip->ihl * 4;
	}
	return true;
}

/* An ICMP error's tuple: the connection of the packet it quotes, which went the other way. Without one it stands for itself. */
INLINE void read_related(struct __sk_buff *skb, const struct packet *packet, struct tuple_work *work, __u32 offset, const bool ipv6)
{
	struct quoted_ip *quoted = &work->quoted;

	if (!read_quoted_ip(skb, work, offset + sizeof(struct icmp_header), ipv6))
		return;
	/* An error goes to the sender of what it quotes, or is none (RFC 5927 4.1). */
	if (!address_equal(&quoted->source, &packet->destination))
		return;
	work->ports[0] = work->ports[1] = 0;
	if (quoted->protocol == (ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP)) {
		if (bpf_skb_load_bytes(skb, quoted->transport, &work->echo, sizeof(work->echo)))
			return;
		if (work->echo.type != (ipv6 ? ICMPV6_ECHO : ICMP_ECHO) && work->echo.type != (ipv6 ? ICMPV6_ECHO_REPLY : ICMP_ECHO_REPLY))
			return;
		work->ports[0] = work->ports[1] = bpf_htons(bpf_ntohl(work->echo.rest) >> 16);
	} else if (ports_header(quoted->protocol)) {
		if (bpf_skb_load_bytes(skb, quoted->transport, work->ports, sizeof(work->ports)))
			return;
	}
	set_key(&work->tuple, &quoted->source, &quoted->destination, work->ports[0], work->ports[1], quoted->protocol);
	work->tuple.from_low = !work->tuple.from_low;
	work->tuple.kind = TUPLE_RELATED;
}

INLINE int read_icmp(struct __sk_buff *skb, const struct packet *packet, struct tuple_work *work, const bool ipv6)
{
	struct tuple *tuple = &work->tuple;
	__u32 offset = work->transport.offset;
	__u8 type;

	if (bpf_skb_load_bytes(skb, offset, &work->icmp, sizeof(work->icmp)))
		return DROP(TUPLE, INVALID_PACKET);
	type = work->icmp.type;
	tuple->port = type;
	tuple->answer = type == (ipv6 ? ICMPV6_ECHO_REPLY : ICMP_ECHO_REPLY);
	tuple->question = type == (ipv6 ? ICMPV6_ECHO : ICMP_ECHO);
	if (tuple->answer || tuple->question) {
		work->ports[0] = work->ports[1] = bpf_htons(bpf_ntohl(work->icmp.rest) >> 16);
		return 0;
	}
	tuple->kind = TUPLE_UNTRACKED;
	if (ipv6 ? (type >= ICMPV6_UNREACHABLE && type <= ICMPV6_PARAMETER_PROBLEM)
		 : (type == ICMP_UNREACHABLE || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM))
		read_related(skb, packet, work, offset, ipv6);
	return 0;
}

/* The ports of a later fragment, as its first one left them behind. */
INLINE void recall_ports(struct tuple_work *work, const bool icmp)
{
	const struct fragment_entry *known = bpf_map_lookup_elem(&fragments, &work->fragment);

	if (!known) {
		work->tuple.kind = TUPLE_UNTRACKED;
		work->tuple.ports_unknown = true;
		return;
	}
	work->ports[0] = known->source_port;
	work->ports[1] = known->destination_port;
	if (icmp) /* address translation writes the identifier on one side only */
		work->ports[0] = work->ports[1] = known->source_port | known->destination_port;
}

INLINE void note_ports(struct tuple_work *work)
{
	work->fragment_ports.source_port = work->ports[0];
	work->fragment_ports.destination_port = work->ports[1];
	bpf_map_update_elem(&fragments, &work->fragment, &work->fragment_ports, BPF_ANY);
}

/* Everything that is not the ordinary case: fragments, extension headers, ICMP, protocols without ports. */
INLINE int read_tuple_slowly(struct __sk_buff *skb, const struct packet *packet, struct tuple_work *work, const bool ipv6)
{
	struct transport *transport = &work->transport;
	struct tuple *tuple = &work->tuple;
	__u32 header;
	bool icmp;

	TRY(locate_transport(skb, packet, transport, ipv6));
	tuple->protocol = transport->protocol;
	tuple->transport_offset = transport->first ? transport->offset : 0;
	header = ports_header(transport->protocol);
	icmp = transport->protocol == (ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	work->ports[0] = work->ports[1] = 0;
	if (transport->fragmented) {
		work->fragment.source = packet->source;
		work->fragment.destination = packet->destination;
		work->fragment.id = transport->fragment_id;
		work->fragment.protocol = transport->protocol;
		work->fragment.pad[0] = work->fragment.pad[1] = work->fragment.pad[2] = 0;
	}
	if (!transport->first) {
		if (header || icmp)
			recall_ports(work, icmp);
		if (icmp) /* of those only echoes are remembered */
			tuple->port = ipv6 ? ICMPV6_ECHO : ICMP_ECHO;
	} else {
		if (header > transport->length)
			return DROP(TUPLE, INVALID_PACKET);
		if (header && bpf_skb_load_bytes(skb, transport->offset, work->ports, sizeof(work->ports)))
			return DROP(TUPLE, INVALID_PACKET);
		if (transport->protocol == IPPROTO_TCP &&
		    bpf_skb_load_bytes(skb, transport->offset + TCP_FLAGS_OFFSET, &tuple->tcp_flags, sizeof(tuple->tcp_flags)))
			return DROP(TUPLE, INVALID_PACKET);
		if (icmp)
			TRY(read_icmp(skb, packet, work, ipv6));
		if (transport->fragmented && (header || (icmp && tuple->kind == TUPLE_TRACKED)))
			note_ports(work);
	}
	if (tuple->kind != TUPLE_RELATED)
		set_key(tuple, &packet->source, &packet->destination, work->ports[0], work->ports[1], transport->protocol);
	if (header)
		tuple->port = bpf_ntohs(work->ports[1]);
	return 0;
}

SEPARATE int read_tuple_slowly_ipv4(struct __sk_buff *skb, const struct packet *packet)
{
	struct tuple_work *work = get_tuple_work();

	return packet && work ? read_tuple_slowly(skb, packet, work, false) : DROP(TUPLE, INVALID_PACKET);
}

SEPARATE int read_tuple_slowly_ipv6(struct __sk_buff *skb, const struct packet *packet)
{
	struct tuple_work *work = get_tuple_work();

	return packet && work ? read_tuple_slowly(skb, packet, work, true) : DROP(TUPLE, INVALID_PACKET);
}

INLINE int read_tuple(struct __sk_buff *skb, const struct packet *packet, struct tuple_work *work, const bool ipv6)
{
	struct tuple *tuple = &work->tuple;
	__u32 length = ipv6 ? sizeof(struct ipv6hdr) : packet->header_length & 0x3c;
	void *header = packet_data(skb) + ETH_HLEN + length, *end = packet_end(skb);
	__u8 protocol = packet->protocol;

	tuple->kind = TUPLE_TRACKED;
	tuple->protocol = protocol;
	tuple->port = 0;
	tuple->tcp_flags = 0;
	tuple->answer = false;
	tuple->question = false;
	tuple->ports_unknown = false;
	tuple->transport_offset = ETH_HLEN + length;
	if (likely((protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) && !(packet->fragment & (IPV4_MF | IPV4_OFFSET)) &&
		   length + (protocol == IPPROTO_TCP ? TCP_HEADER : 8) <= packet->ip_length)) {
		if (likely(header + TCP_FLAGS_OFFSET + 1 <= end)) {
			const __be16 *ports = header;

			if (protocol == IPPROTO_TCP)
				tuple->tcp_flags = *(__u8 *)(header + TCP_FLAGS_OFFSET);
			set_key(tuple, &packet->source, &packet->destination, ports[0], ports[1], protocol);
			tuple->port = bpf_ntohs(ports[1]);
			return 0;
		}
	}
	return ipv6 ? read_tuple_slowly_ipv6(skb, packet) : read_tuple_slowly_ipv4(skb, packet);
}

#endif
