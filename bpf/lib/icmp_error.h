/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_ICMP_ERROR_H
#define WAGGLE_LIB_ICMP_ERROR_H

#include "answer.h"
#include "icmp.h"

/*
 * Turns a packet into the ICMP error about it, sent by the router address, and sends it back out of the device it came
 * from. The quotation is the IP header and the start of what follows: enough for ports and sequence numbers.
 */
#define QUOTE_MAX_IPV4 80  /* 60 bytes of header, 20 of transport */
#define QUOTE_MAX_IPV6 104 /* 40 bytes of header, 64 of extension headers and transport */

/* No error about an error, about a later fragment, or to somebody who is not one host (RFC 1122 3.2.2, RFC 4443 2.4 e). */
INLINE bool icmp_error_allowed(struct __sk_buff *skb, const struct packet *packet, const bool ipv6)
{
	struct transport transport = {};
	__u8 type = 0;

	if (address_is_multicast(&packet->source, ipv6) || address_is_unspecified(&packet->source, ipv6))
		return false;
	if (locate_transport(skb, packet, &transport, ipv6) < 0 || !transport.first)
		return false;
	if (transport.protocol != (ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		return true;
	if (bpf_skb_load_bytes(skb, transport.offset, &type, sizeof(type)))
		return false;
	return ipv6 ? type >= ICMPV6_FIRST_INFORMATIONAL : (type == ICMP_ECHO || type == ICMP_ECHO_REPLY || type == ICMP_TIMESTAMP);
}

/* Cuts the packet down to its quotation, `quote` bytes from the IP header on, and makes room for the new headers. */
INLINE int make_room(struct __sk_buff *skb, __u32 quote, __u32 room)
{
	if (bpf_skb_change_tail(skb, ETH_HLEN + quote, 0) || bpf_skb_adjust_room(skb, room, BPF_ADJ_ROOM_MAC, 0))
		return DROP(ICMP, ERROR_WRITING_TO_PACKET);
	return 0;
}

/* Bytes to quote: a multiple of four (the checksum is made of words), at most `maximum`. */
INLINE __u32 quote_length(__u32 ip_length, __u32 maximum)
{
	return (ip_length < maximum ? ip_length : maximum) & ~3U;
}

/* The quotation is copied here to be summed; too big for the stack. Private to each CPU, not pinned. */
struct icmp_quote {
	__u8 bytes[QUOTE_MAX_IPV6];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct icmp_quote);
} icmp_quotes SEC(".maps");

/* Checksum of the quotation that starts at `offset`. */
NOINLINE __u32 sum_quote(struct __sk_buff *skb, __u32 offset, __u32 quote)
{
	__u32 zero = 0;
	struct icmp_quote *buffer = bpf_map_lookup_elem(&icmp_quotes, &zero);

	if (!buffer || quote < 8 || quote > QUOTE_MAX_IPV6)
		return 0;
	__builtin_memset(buffer, 0, sizeof(*buffer));
	/* The bound once more, where the verifier sees it on the register that is used. */
	asm volatile("" : "+r"(quote));
	if (quote < 8 || quote > QUOTE_MAX_IPV6 || bpf_skb_load_bytes(skb, offset, buffer->bytes, quote))
		return 0;
	return bpf_csum_diff(NULL, 0, (__be32 *)buffer->bytes, sizeof(buffer->bytes), 0);
}

INLINE int send_icmp_error(struct __sk_buff *skb, const struct packet *packet, __u32 type_code, __u32 mtu, const bool ipv6)
{
	const __u32 header = ip_header_length(ipv6), room = header + sizeof(struct icmp_header);
	__u32 maximum = ipv6 ? QUOTE_MAX_IPV6 : packet->header_length + 20, quote, sum;
	struct address router;
	struct icmp_header *icmp;
	void *frame;

	if (!ipv6 && maximum > QUOTE_MAX_IPV4)
		maximum = QUOTE_MAX_IPV4;
	quote = quote_length(packet->ip_length, maximum);
	TRY(make_room(skb, quote, room));
	sum = sum_quote(skb, ETH_HLEN + room, quote);
	frame = pull(skb, ETH_HLEN + room);
	if (!frame)
		return DROP(ICMP, ERROR_WRITING_TO_PACKET);
	if (ipv6)
		router = CONFIG_ADDRESS(router_ipv6);
	else
		router = CONFIG_ADDRESS(router_ipv4);
	swap_macs(frame);
	write_ip_header(frame + ETH_HLEN, &router, &packet->source, ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, sizeof(*icmp) + quote, 0, ipv6);
	icmp = frame + ETH_HLEN + header;
	*icmp = (struct icmp_header){ .type = type_code >> 8, .code = type_code & 0xff, .rest = bpf_htonl(ipv6 ? mtu : mtu & 0xffff) };
	sum = bpf_csum_diff(NULL, 0, (__be32 *)icmp, sizeof(*icmp), sum);
	if (ipv6)
		sum = checksum_add(sum, checksum_pseudo(&router, &packet->source, sizeof(*icmp) + quote, IPPROTO_ICMPV6, true));
	icmp->checksum = checksum_fold(sum);
	skb->mark = MARK_ANSWER;
	return bpf_redirect(skb->ifindex, 0);
}

NOINLINE int send_icmp_error_ipv4(struct __sk_buff *skb, const struct packet *packet, __u32 type_code, __u32 mtu)
{
	return send_icmp_error(skb, packet, type_code, mtu, false);
}

NOINLINE int send_icmp_error_ipv6(struct __sk_buff *skb, const struct packet *packet, __u32 type_code, __u32 mtu)
{
	return send_icmp_error(skb, packet, type_code, mtu, true);
}

/* Tells the sender the largest IP packet that the path carries. */
INLINE int send_too_big(struct __sk_buff *skb, const struct packet *packet, __u32 mtu, const bool ipv6)
{
	if (!icmp_error_allowed(skb, packet, ipv6))
		return DROP(ICMP, PATH_MTU_HANDLED);
	count_verdict(skb, DROP(ICMP, PATH_MTU_HANDLED), TRAFFIC_DIRECTION_EGRESS);
	return ipv6 ? send_icmp_error_ipv6(skb, packet, ICMPV6_PACKET_TOO_BIG << 8, mtu)
		    : send_icmp_error_ipv4(skb, packet, ICMP_UNREACHABLE << 8 | ICMP_FRAGMENTATION_NEEDED, mtu);
}

INLINE int send_time_exceeded(struct __sk_buff *skb, const struct packet *packet, const bool ipv6)
{
	if (!icmp_error_allowed(skb, packet, ipv6))
		return DROP(ICMP, TTL_EXCEEDED);
	count_verdict(skb, DROP(ICMP, TTL_EXCEEDED), TRAFFIC_DIRECTION_EGRESS);
	return ipv6 ? send_icmp_error_ipv6(skb, packet, ICMPV6_TIME_EXCEEDED << 8, 0)
		    : send_icmp_error_ipv4(skb, packet, ICMP_TIME_EXCEEDED << 8, 0);
}

#endif
