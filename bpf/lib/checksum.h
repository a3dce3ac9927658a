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

/* RFC 8200 8.1 */
INLINE __u32 checksum_pseudo_ipv6(const struct address *source, const struct address *destination, __u32 length, __u8 protocol)
{
	struct {
		struct address source, destination;
		__be32 length, protocol;
	} pseudo = { *source, *destination, bpf_htonl(length), bpf_htonl(protocol) };

	return bpf_csum_diff(NULL, 0, (__be32 *)&pseudo, sizeof(pseudo), 0);
}

#endif
