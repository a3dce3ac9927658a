/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_ABI_CAPTURE_H
#define WAGGLE_ABI_CAPTURE_H

#include "address.h"

/*
 * Maps of capture.bpf.c, which exist only while somebody records; none is pinned.
 *
 * `capture_rules`: array; a packet that one of the first `capture_control.rules` matches is recorded.
 */
#define CAPTURE_RULES 64

struct capture_rule {
	struct address source;
	struct address destination;
	__u16 source_port;           /* host order; 0: any */
	__u16 destination_port;
	__u8 source_length;          /* of the prefix, in 128 bits: 96 and more for IPv4, whose addresses are v4-mapped */
	__u8 destination_length;
	__u8 protocol;               /* 0: any */
	__u8 pad;
};

/* `capture_control`: array of one. */
struct capture_control {
	__u32 rules;                 /* rows of capture_rules that hold */
	__u32 snap_length;           /* bytes of a packet at most */
};

/* `captures`: ring buffer; the packet's bytes, from the Ethernet header on, follow each record. A record may be longer than they are. */
struct capture_record {
	__u64 timestamp;             /* ns, CLOCK_MONOTONIC */
	__u32 packet_length;
	__u32 captured;
};

/* `capture_losses`: per-CPU array of one: packets that found no room in the ring buffer. */
struct capture_losses {
	__u64 packets;
	__u64 bytes;
};

#endif
