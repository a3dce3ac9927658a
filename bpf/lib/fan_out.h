/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_FAN_OUT_H
#define WAGGLE_LIB_FAN_OUT_H

#include <linux/if_ether.h>
#include <linux/types.h>

/*
 * Between the programs that replicate and fan_out.bpf.c: while a packet is on its way there, the number of its list stands in
 * place of its Ethernet destination, which the group's address gives back. "WG" with the bit of local addresses set.
 */
#define FAN_OUT_MARK 0x5756

struct fan_out_mac {
	__u16 mark;
	__u32 list;
} __attribute__((packed));

_Static_assert(sizeof(struct fan_out_mac) == ETH_ALEN, "the mark stands in an Ethernet address");

#endif
