/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_ENCAP_H
#define WAGGLE_LIB_ENCAP_H

#include "debug.h"
#include "icmp_error.h"

/* VXLAN adds the outer IP header, UDP (8), VXLAN (8) and the inner Ethernet header (14). */
#define ENCAP_OVERHEAD_IPV4 50
#define ENCAP_OVERHEAD_IPV6 70
#define IPV6_MINIMUM_MTU 1280
#define AF_INET 2
#define AF_INET6 10

/* IP bytes of the largest packet that leaves as one: of each segment, where the device will cut a GSO packet up. */
INLINE __u32 segment_length(struct __sk_buff *skb, const struct packet *packet)
{
	__u32 transport = 8; /* UDP */
	__u8 data_offset;

	if (!skb->gso_size)
		return packet->ip_length;
	if (packet->protocol == IPPROTO_TCP)
		transport = bpf_skb_load_bytes(skb, ETH_HLEN + packet->header_length + 12, &data_offset, 1) ? 20 : (data_offset >> 4) * 4;
	return packet->header_length + transport + skb->gso_size;
}

/* Asks the FIB for the way to `address`. Returns BPF_FIB_LKUP_RET_*; with `length` above the path's MTU, FRAG_NEEDED and mtu_result. */
INLINE int find_route(struct __sk_buff *skb, struct bpf_fib_lookup *fib, const struct address *address, __u32 length)
{
	__builtin_memset(fib, 0, sizeof(*fib));
	fib->ifindex = skb->ifindex;
	fib->tot_len = length > 0xffff ? 0xffff : length;
	if (address_is_v4(address)) {
		fib->family = AF_INET;
		fib->ipv4_dst = address_to_v4(address);
	} else {
		fib->family = AF_INET6;
		__builtin_memcpy(fib->ipv6_dst, address, sizeof(*address));
	}
	return bpf_fib_lookup(skb, fib, sizeof(*fib), 0);
}

/* For packets above the floor: answers one that the path to `endpoint` cannot carry, else 0. */
NOINLINE int answer_too_big(struct __sk_buff *skb, const struct packet *packet, const struct address *endpoint,
						    __u32 length, bool ipv6)
{
	__u32 overhead = address_is_v4(endpoint) ? ENCAP_OVERHEAD_IPV4 : ENCAP_OVERHEAD_IPV6, mtu;
	struct bpf_fib_lookup fib;

	if (find_route(skb, &fib, endpoint, length + overhead) != BPF_FIB_LKUP_RET_FRAG_NEEDED)
		return 0;
	mtu = fib.mtu_result > overhead ? fib.mtu_result - overhead : 0;
	if (ipv6 && mtu < IPV6_MINIMUM_MTU)
		mtu = IPV6_MINIMUM_MTU;
	if (length <= mtu)
		return 0;
	return ipv6 ? send_too_big(skb, packet, mtu, true) : send_too_big(skb, packet, mtu, false);
}

/* 0 (the outer packet is cut up if need be), or the verdict of a packet that was answered: never TC_ACT_OK. */
INLINE int check_path_mtu(struct __sk_buff *skb, const struct packet *packet, const struct address *endpoint, const bool ipv6)
{
	__u32 length;

	if (!config.path_mtu_check)
		return 0;
	length = segment_length(skb, packet);
	if (likely(length <= config.path_mtu_floor))
		return 0;
	if (!ipv6 && !(packet->fragment & IPV4_DF))
		return 0;
	return answer_too_big(skb, packet, endpoint, length, ipv6);
}

/* Attaches the outer header's addresses and the identity to the packet, for the VXLAN device. */
INLINE int set_tunnel(struct __sk_buff *skb, const struct address *endpoint, __u32 identity)
{
	struct bpf_tunnel_key key = { .tunnel_id = identity, .tunnel_ttl = 64 };

	if (address_is_v4(endpoint)) {
		key.remote_ipv4 = bpf_ntohl(address_to_v4(endpoint));
		return bpf_skb_set_tunnel_key(skb, &key, sizeof(key), BPF_F_ZERO_CSUM_TX);
	}
	__builtin_memcpy(key.remote_ipv6, endpoint, sizeof(*endpoint));
	return bpf_skb_set_tunnel_key(skb, &key, sizeof(key), BPF_F_TUNINFO_IPV6);
}

INLINE int encapsulate(struct __sk_buff *skb, const struct trail *trail, const struct packet *packet,
		       const struct address *endpoint, __u32 identity, const bool ipv6)
{
	int verdict = check_path_mtu(skb, packet, endpoint, ipv6);

	if (unlikely(verdict))
		return verdict;
	if (unlikely(set_tunnel(skb, endpoint, identity)))
		return DROP(ENCAP, NO_TUNNEL_ENDPOINT);
	DEBUG(skb, trail, ENCAP, bpf_ntohl(ADDRESS_TAIL(endpoint)), identity);
	trace(skb, trail, TRACE_POINT_TO_OVERLAY, config.overlay_ifindex);
	return bpf_redirect(config.overlay_ifindex, 0);
}

#endif
