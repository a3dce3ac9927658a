/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_CHECKSUM_H
#define WAGGLE_LIB_CHECKSUM_H

#include "address.h"
#include "common.h"

/* The Internet checksum (RFC 1071): sums are kept as 32-bit one's complement sums and folded at the end. */

INLINE __u16 checksum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

INLINE __u32 checksum_add(__u32 a, __u32 b)
{
	a += b;
	return a + (a < b);
}

/* The pseudo header before a transport's `length` bytes (RFC 9293 3.1, RFC 8200 8.1). */
INLINE __u32 checksum_pseudo(const struct address *source, const struct address *destination, __u32 length, __u8 protocol, const bool ipv6)
{
	struct { struct address source, destination; __be32 length, protocol; } wide;
	struct { __be32 source, destination; __u8 zero, protocol; __be16 length; } narrow;

	if (ipv6) {
		wide.source = *source;
		wide.destination = *destination;
		wide.length = bpf_htonl(length);
		wide.protocol = bpf_htonl(protocol);
		return bpf_csum_diff(NULL, 0, (__be32 *)&wide, sizeof(wide), 0);
	}
	narrow.source = address_to_v4(source);
	narrow.destination = address_to_v4(destination);
	narrow.zero = 0;
	narrow.protocol = protocol;
	narrow.length = bpf_htons(length);
	return bpf_csum_diff(NULL, 0, (__be32 *)&narrow, sizeof(narrow), 0);
}

#endif
