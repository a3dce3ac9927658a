/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_ADDRESS_H
#define WAGGLE_LIB_ADDRESS_H

#include "../abi/address.h"
#include "common.h"

/* The 16 bytes of an address seen as four network-order words, as packet headers and helpers want them. */
union address_words {
	struct address address;
	__be32 words[4];
	__u8 bytes[16];
};

INLINE struct address address_from_v4(__be32 v4)
{
	/* Whole words: reading 8 bytes that were just written as 4 and 4 has to wait for the writes. */
	return (struct address){ .low = bpf_htonl(0xffff) | (__u64)v4 << 32 };
}

INLINE __be32 address_to_v4(const struct address *address)
{
	return ((const union address_words *)address)->words[3];
}

INLINE __be32 address_word(const struct address *address, int index)
{
	return ((const union address_words *)address)->words[index];
}

INLINE bool address_equal(const struct address *a, const struct address *b)
{
	return a->low == b->low && a->high == b->high;
}

INLINE bool address_is_zero(const struct address *a)
{
	return !(a->low | a->high);
}

/* v4-mapped; every address in a map or packet is either that or real IPv6 */
INLINE bool address_is_v4(const struct address *a)
{
	return !a->high && address_word(a, 2) == bpf_htonl(0xffff);
}

/* 0.0.0.0 or :: */
INLINE bool address_is_unspecified(const struct address *a, const bool ipv6)
{
	return ipv6 ? address_is_zero(a) : !address_to_v4(a);
}

INLINE bool address_is_multicast(const struct address *a, const bool ipv6)
{
	if (ipv6)
		return (address_word(a, 0) & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000);
	return (address_to_v4(a) & bpf_htonl(0xf0000000)) == bpf_htonl(0xe0000000);
}

/*
 * A group that never leaves its link: 224.0.0.0/24 (RFC 5771 4), and IPv6 scopes reserved, interface-local and
 * link-local, whatever the flags (RFC 4291 2.7).
 */
INLINE bool address_is_link_multicast(const struct address *a, const bool ipv6)
{
	if (ipv6)
		return (bpf_ntohl(address_word(a, 0)) >> 16 & 0xf) <= 2;
	return (address_to_v4(a) & bpf_htonl(0xffffff00)) == bpf_htonl(0xe0000000);
}

/* fe80::/10 */
INLINE bool address_is_link_local(const struct address *a)
{
	return (address_word(a, 0) & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000);
}

/* Is `a` inside prefix/length? length counts from the start of the 16 bytes, 0 ... 128. */
INLINE bool address_in_prefix(const struct address *a, const struct address *prefix, __u32 length)
{
	__u64 high = bpf_be64_to_cpu(a->high ^ prefix->high), low = bpf_be64_to_cpu(a->low ^ prefix->low);

	if (length >= 128)
		return !(high | low);
	if (length > 64)
		return !high && !(low >> (128 - length));
	if (length == 64)
		return !high;
	return !length || !(high >> (64 - length));
}

#endif
