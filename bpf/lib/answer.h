/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_ANSWER_H
#define WAGGLE_LIB_ANSWER_H

#include "checksum.h"
#include "packet.h"

/* The headers of a packet that becomes the answer to itself. */

INLINE void swap_macs(struct ethhdr *eth)
{
	__u8 mac[6];

	__builtin_memcpy(mac, eth->h_dest, 6);
	__builtin_memcpy(eth->h_dest, eth->h_source, 6);
	__builtin_memcpy(eth->h_source, mac, 6);
}

INLINE __u32 ip_header_length(const bool ipv6)
{
	return ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
}

/* An IP header without options, `length` bytes of `protocol` behind it; `fragment`: IPv4's flags. */
INLINE void write_ip_header(void *header, const struct address *source, const struct address *destination, __u8 protocol, __u32 length,
			    const __u16 fragment, const bool ipv6)
{
	if (ipv6) {
		struct ipv6hdr *ip = header;

		__builtin_memset(ip, 0, sizeof(*ip));
		ip->version = 6;
		ip->hop_limit = 64;
		ip->nexthdr = protocol;
		ip->payload_len = bpf_htons(length);
		__builtin_memcpy(&ip->saddr, source, sizeof(*source));
		__builtin_memcpy(&ip->daddr, destination, sizeof(*destination));
	} else {
		struct iphdr *ip = header;

		*ip = (struct iphdr){
			.version = 4, .ihl = 5, .ttl = 64, .protocol = protocol, .frag_off = bpf_htons(fragment),
			.tot_len = bpf_htons(sizeof(*ip) + length),
			.saddr = address_to_v4(source), .daddr = address_to_v4(destination),
		};
		ip->check = checksum_fold(bpf_csum_diff(NULL, 0, (__be32 *)ip, sizeof(*ip), 0));
	}
}

#endif
