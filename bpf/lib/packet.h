/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_PACKET_H
#define WAGGLE_LIB_PACKET_H

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

#include "address.h"
#include "mark.h"
#include "../abi/identity.h"
#include "drop.h"

#define IPV4_DF 0x4000
#define IPV4_MF 0x2000
#define IPV4_OFFSET 0x1fff
#define IPV6_HOP_BY_HOP 0
#define IPV6_ROUTING 43
#define IPV6_FRAGMENT 44
#define IPV6_AUTHENTICATION 51
#define IPV6_NO_NEXT 59
#define IPV6_DESTINATION 60
#define IPV6_MAX_EXTENSIONS 6

/* What one look at the IP header learns. The transport is located only where somebody needs it (locate_transport). */
struct packet {
	struct address source;
	struct address destination;
	__u32 ip_length;      /* bytes of the datagram as the header says (a GSO packet: of all its segments) */
	__u32 header_length;  /* IPv4: with options; IPv6: 40 */
	__u16 fragment;       /* IPv4: flags and offset field in host order; IPv6: 0 until located */
	__u8 protocol;        /* IPv4: protocol; IPv6: first next header */
	__u8 hop_limit;
	__u32 pad;
};

struct transport {
	__u32 offset;         /* from the start of the frame */
	__u32 length;         /* bytes of the IP payload from there on */
	__u32 fragment_id;
	__u8 protocol;
	bool first;           /* not a later fragment: the transport header is at `offset` */
	bool fragmented;
	__u8 pad;
};

/*
 * The two packet pointers, loaded by an instruction of our own: the fields are 32 bits wide in the context, and clang otherwise
 * merges and copies the loaded values as 32-bit numbers, which for the verifier are pointers no more (with privilege it does
 * not even complain, and comparisons fail at run time).
 */
INLINE void *packet_data(const struct __sk_buff *skb)
{
	void *pointer;

	asm volatile("%0 = *(u32 *)(%1 + %2)" : "=r"(pointer) : "r"(skb), "i"(offsetof(struct __sk_buff, data)));
	return pointer;
}

INLINE void *packet_end(const struct __sk_buff *skb)
{
	void *pointer;

	asm volatile("%0 = *(u32 *)(%1 + %2)" : "=r"(pointer) : "r"(skb), "i"(offsetof(struct __sk_buff, data_end)));
	return pointer;
}

/* Makes `length` bytes of the frame directly readable; NULL when the frame is shorter. Invalidates packet pointers. */
INLINE void *pull(struct __sk_buff *skb, __u32 length)
{
	void *data = packet_data(skb);

	if (likely(data + length <= packet_end(skb)))
		return data;
	if (bpf_skb_pull_data(skb, length))
		return NULL;
	data = packet_data(skb);
	return data + length <= packet_end(skb) ? data : NULL;
}

INLINE int parse_ipv4(struct __sk_buff *skb, struct packet *packet)
{
	void *data = pull(skb, ETH_HLEN + sizeof(struct iphdr));
	struct iphdr *ip;

	if (unlikely(!data))
		return DROP(PARSE, INVALID_PACKET);
	ip = data + ETH_HLEN;
	packet->header_length = ip->ihl * 4;
	packet->ip_length = bpf_ntohs(ip->tot_len);
	/* A GSO packet may be larger than the field can say (it is then 0, "BIG TCP"). */
	if (unlikely(!packet->ip_length))
		packet->ip_length = skb->len - ETH_HLEN;
	if (unlikely(ip->version != 4 || packet->header_length < sizeof(*ip) || packet->ip_length < packet->header_length ||
		     packet->ip_length + ETH_HLEN > skb->len))
		return DROP(PARSE, INVALID_PACKET);
	packet->source = address_from_v4(ip->saddr);
	packet->destination = address_from_v4(ip->daddr);
	packet->fragment = bpf_ntohs(ip->frag_off);
	packet->protocol = ip->protocol;
	packet->hop_limit = ip->ttl;
	return 0;
}

INLINE int parse_ipv6(struct __sk_buff *skb, struct packet *packet)
{
	void *data = pull(skb, ETH_HLEN + sizeof(struct ipv6hdr));
	struct ipv6hdr *ip;

	if (unlikely(!data))
		return DROP(PARSE, INVALID_PACKET);
	ip = data + ETH_HLEN;
	packet->header_length = sizeof(*ip);
	packet->ip_length = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (unlikely(!ip->payload_len && ip->nexthdr != IPV6_NO_NEXT))
		packet->ip_length = skb->len - ETH_HLEN; /* jumbo (BIG TCP) */
	if (unlikely(ip->version != 6 || packet->ip_length + ETH_HLEN > skb->len))
		return DROP(PARSE, INVALID_PACKET);
	__builtin_memcpy(&packet->source, &ip->saddr, sizeof(packet->source));
	__builtin_memcpy(&packet->destination, &ip->daddr, sizeof(packet->destination));
	packet->fragment = 0;
	packet->protocol = ip->nexthdr;
	packet->hop_limit = ip->hop_limit;
	return 0;
}

INLINE int parse_ip(struct __sk_buff *skb, struct packet *packet, const bool ipv6)
{
	return ipv6 ? parse_ipv6(skb, packet) : parse_ipv4(skb, packet);
}

/* Finds the transport header behind IPv4 options or IPv6 extension headers. */
INLINE int locate_transport(struct __sk_buff *skb, const struct packet *packet, struct transport *transport, const bool ipv6)
{
	__u32 offset = ETH_HLEN + packet->header_length;
	__u8 next = packet->protocol;

	transport->fragmented = packet->fragment & (IPV4_MF | IPV4_OFFSET);
	transport->first = !(packet->fragment & IPV4_OFFSET);
	transport->fragment_id = 0;
	if (!ipv6 && transport->fragmented) {
		__be16 id = 0;

		bpf_skb_load_bytes(skb, ETH_HLEN + offsetof(struct iphdr, id), &id, sizeof(id));
		transport->fragment_id = id;
	}

	if (ipv6) {
		struct { __u8 next, length; __be16 fragment; __be32 id; } header;
		int i;

		for (i = 0; i < IPV6_MAX_EXTENSIONS; i++) {
			if (next != IPV6_HOP_BY_HOP && next != IPV6_ROUTING && next != IPV6_DESTINATION && next != IPV6_FRAGMENT &&
			    next != IPV6_AUTHENTICATION)
				break;
			/* What follows a later fragment's header is payload. */
			if (!transport->first)
				break;
			if (bpf_skb_load_bytes(skb, offset, &header, sizeof(header)))
				return DROP(PARSE, INVALID_EXTENSION_HEADER);
			if (next == IPV6_FRAGMENT) {
				transport->fragmented = true;
				transport->first = !(header.fragment & bpf_htons(0xfff8));
				transport->fragment_id = header.id;
				offset += sizeof(header);
			} else if (next == IPV6_AUTHENTICATION) {
				offset += (header.length + 2) * 4;
			} else {
				offset += (header.length + 1) * 8;
			}
			next = header.next;
		}
		if (i == IPV6_MAX_EXTENSIONS)
			return DROP(PARSE, INVALID_EXTENSION_HEADER);
	}

	if (offset > packet->ip_length + ETH_HLEN)
		return DROP(PARSE, INVALID_PACKET);
	transport->offset = offset;
	transport->length = packet->ip_length + ETH_HLEN - offset;
	transport->protocol = next;
	return 0;
}

/* Decrements TTL or hop limit; the caller has seen that it is above 1. Writes through direct access. */
INLINE int decrement_hop_limit(struct __sk_buff *skb, const bool ipv6)
{
	void *data = packet_data(skb);

	if (ipv6) {
		struct ipv6hdr *ip = data + ETH_HLEN;

		if ((void *)(ip + 1) > packet_end(skb))
			return DROP(PARSE, INVALID_PACKET);
		ip->hop_limit--;
	} else {
		struct iphdr *ip = data + ETH_HLEN;
		__u32 check;

		if ((void *)(ip + 1) > packet_end(skb))
			return DROP(PARSE, INVALID_PACKET);
		/* RFC 1624: the word of the TTL falls by 0x0100, so the complement sum grows by it. */
		check = ip->check + bpf_htons(0x0100);
		ip->check = check + (check >= 0xffff);
		ip->ttl--;
	}
	return 0;
}

#endif
