/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_DENY_H
#define WAGGLE_LIB_DENY_H

#include "admit.h"
#include "answer.h"
#include "encap.h"
#include "maps_endpoint.h"

/*
 * Telling a sender that policy denied its packet (datapath_config.deny_response): the packet becomes the answer. From the node's
 * own stack nobody is told: an answer from the router's address, which is the node's, would be taken for a forgery.
 */
#define ICMP_ADMINISTRATIVELY_PROHIBITED 13 /* code of ICMP_UNREACHABLE, RFC 1812 5.2.7.1 */
#define ICMPV6_ADMINISTRATIVELY_PROHIBITED 1 /* code of ICMPV6_UNREACHABLE, RFC 4443 3.1 */

struct tcp_header {
	__be16 source, destination;
	__be32 sequence, acknowledgement;
	__u8 offset, flags;
	__be16 window, checksum, urgent;
};

/* The reset that belongs to a segment of `length` bytes behind the IP header (RFC 9293 3.5.2). */
INLINE struct tcp_header reset_for(const struct tcp_header *segment, __u32 length)
{
	struct tcp_header reset = { .source = segment->destination, .destination = segment->source, .offset = 5 << 4, .flags = TCP_RST };
	__u32 header = (segment->offset >> 4) * 4;

	if (segment->flags & TCP_ACK) {
		reset.sequence = segment->acknowledgement;
		return reset;
	}
	length -= length > header ? header : length;
	if (segment->flags & TCP_SYN)
		length++;
	if (segment->flags & TCP_FIN)
		length++;
	reset.acknowledgement = bpf_htonl(bpf_ntohl(segment->sequence) + length);
	reset.flags |= TCP_ACK;
	return reset;
}

/* Makes the segment at `offset` its reset, from the packet's destination to its source. 0: done. */
INLINE int send_reset(struct __sk_buff *skb, const struct packet *packet, __u32 offset, const bool ipv6)
{
	const __u32 header = ETH_HLEN + ip_header_length(ipv6);
	struct tcp_header tcp;
	void *frame;
	__u32 sum;

	if (!packet || bpf_skb_load_bytes(skb, offset, &tcp, sizeof(tcp)) || tcp.flags & TCP_RST)
		return 1;
	tcp = reset_for(&tcp, packet->ip_length + ETH_HLEN - offset);
	if (bpf_skb_change_tail(skb, header + sizeof(tcp), 0))
		return 1;
	frame = pull(skb, header + sizeof(tcp));
	if (!frame)
		return 1;
	swap_macs(frame);
	write_ip_header(frame + ETH_HLEN, &packet->destination, &packet->source, IPPROTO_TCP, sizeof(tcp), IPV4_DF, ipv6);
	sum = checksum_pseudo(&packet->destination, &packet->source, sizeof(tcp), IPPROTO_TCP, ipv6);
	tcp.checksum = checksum_fold(bpf_csum_diff(NULL, 0, (__be32 *)&tcp, sizeof(tcp), sum));
	__builtin_memcpy(frame + header, &tcp, sizeof(tcp));
	return 0;
}

SEPARATE int send_reset_ipv4(struct __sk_buff *skb, const struct packet *packet, __u32 offset)
{
	return send_reset(skb, packet, offset, false);
}

SEPARATE int send_reset_ipv6(struct __sk_buff *skb, const struct packet *packet, __u32 offset)
{
	return send_reset(skb, packet, offset, true);
}

/* Back through the tunnel that the packet came from. A reset speaks for the pod, an ICMP error for the node. */
NOINLINE int answer_through_tunnel(struct __sk_buff *skb, const struct packet *packet, __u32 identity)
{
	struct ipcache_key key = { .address = packet->source, .cluster_id = config.cluster_id };
	const struct ipcache_entry *entry = bpf_map_lookup_elem(&ipcache, &key);

	if (!entry || address_is_zero(&entry->tunnel_endpoint) || set_tunnel(skb, &entry->tunnel_endpoint, identity))
		return TC_ACT_SHOT;
	return bpf_redirect(config.overlay_ifindex, 0);
}

/* The drop is counted and told here, as the packet goes on as something else. Without an answer it is simply dropped. */
NOINLINE int answer_denied(struct __sk_buff *skb, struct trail *trail, const struct packet *packet, int verdict, bool ipv6)
{
	const struct tuple_work *work = get_tuple_work();
	bool reset;
	int result;

	if (!work || trail->answers == ANSWERS_NOBODY)
		return verdict;
	reset = config.deny_response == DENY_RESPONSE_RESET && work->tuple.protocol == IPPROTO_TCP && !work->tuple.ports_unknown;
	if (reset && work->tuple.transport_offset == 0)
		return verdict;
	if (!reset && !(ipv6 ? icmp_error_allowed(skb, packet, true) : icmp_error_allowed(skb, packet, false)))
		return verdict;
	record_drop(skb, trail, verdict, trail->denied);
	if (reset) {
		result = ipv6 ? send_reset_ipv6(skb, packet, work->tuple.transport_offset)
			      : send_reset_ipv4(skb, packet, work->tuple.transport_offset);
		if (result)
			return TC_ACT_SHOT;
	} else {
		result = ipv6 ? send_icmp_error_ipv6(skb, packet, ICMPV6_UNREACHABLE << 8 | ICMPV6_ADMINISTRATIVELY_PROHIBITED, 0)
			      : send_icmp_error_ipv4(skb, packet, ICMP_UNREACHABLE << 8 | ICMP_ADMINISTRATIVELY_PROHIBITED, 0);
		if (result < 0)
			return TC_ACT_SHOT;
	}
	if (trail->answers == ANSWERS_THROUGH_TUNNEL)
		return answer_through_tunnel(skb, packet, reset ? trail->destination_identity : RESERVED_IDENTITY_REMOTE_NODE);
	skb->mark = MARK_ANSWER;
	return bpf_redirect(skb->ifindex, 0);
}

/* 0: it may; else the verdict. */
INLINE int admit(struct __sk_buff *skb, struct trail *trail, const struct packet *packet, const bool ipv6)
{
	int verdict;

	if (!config.conntrack_enabled)
		return 0;
	verdict = ipv6 ? admit_ipv6(skb, trail, packet) : admit_ipv4(skb, trail, packet);
	if (config.deny_response != DENY_RESPONSE_NONE && unlikely(verdict < 0 && trail->denied))
		return answer_denied(skb, trail, packet, verdict, ipv6);
	return verdict;
}

#endif
