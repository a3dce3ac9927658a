/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_ABI_ADDRESS_H
#define WAGGLE_ABI_ADDRESS_H

#include <linux/types.h>

/*
 * An IP address of either family, as 16 bytes in network order. IPv4 is carried as v4-mapped IPv6
 * (::ffff:a.b.c.d, RFC 4291 2.5.5.2). All zero means "none".
 */
struct address {
	__be64 high;
	__be64 low;
};

#endif
