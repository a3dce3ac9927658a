// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Packets of many connections: each run gets the source port of the next one; or, with `always_new`, one that has not been seen
 * for 2^20 packets (source port and the last bits of the destination).
 */
#include "wrapper.h"

/* Set before loading. */
const volatile __u32 connections = 1;  /* a power of two */
const volatile __u32 first_port = 0;
const volatile __u32 first_peer = 0;   /* destination in host order; with always_new 16 of them */
const volatile __u32 always_new = 0;
const volatile __u32 scattered = 0;    /* with always_new: in an order that no prefetcher guesses */

#define MILLION (1 << 20)

SEC("tc")
int wrapper(struct __sk_buff *skb)
{
	void *frame = restore_head(skb);

	if (!frame)
		return TC_ACT_SHOT;
	if (always_new) {
		if (scattered)
			next_position(MILLION);
		else
			position++;
		set_source_port(frame, position);
		set_destination(frame, first_peer + (position >> 16 & 15));
	} else if (connections > 1) {
		set_source_port(frame, first_port + next_position(connections));
	}
	return call_target(skb);
}
