/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_DEBUG_H
#define WAGGLE_LIB_DEBUG_H

#include "event.h"

/*
 * What the programs do, step by step, for whoever looks for a mistake. Off, no branch of it is left in the loaded programs. There is
 * no limit on the rate: whoever switches it on wants all of it, and what does not fit into the ring buffer is counted.
 */

/* `what`: the message, and the third argument in the upper half. */
SEPARATE int emit_debug(struct __sk_buff *skb, const struct trail *trail, __u64 what, __u32 arg1, __u32 arg2)
{
	struct debug_event *event;

	if (!trail || !config.debug)
		return 0;
	event = begin_event(skb, trail, EVENT_TYPE_DEBUG, sizeof(*event));
	if (!event)
		return 0;
	event->hash = bpf_get_hash_recalc(skb);
	event->arg1 = arg1;
	event->arg2 = arg2;
	event->arg3 = what >> 32;
	__builtin_memset(event->pad, 0, sizeof(event->pad));
	event->message = what & 0xff;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

#define DEBUG_3(skb, trail, what, arg1, arg2, arg3) \
	do { \
		if (unlikely(config.debug)) \
			emit_debug(skb, trail, (__u32)(what) | (__u64)(arg3) << 32, arg1, arg2); \
	} while (0)
#define DEBUG(skb, trail, message, arg1, arg2) DEBUG_3(skb, trail, DEBUG_MESSAGE_##message, arg1, arg2, 0)

/* The message of this name for the packet's family. */
#define DEBUG_OF(ipv6, message) ((ipv6) ? DEBUG_MESSAGE_##message##6 : DEBUG_MESSAGE_##message##4)

/* The last four bytes as they lie in memory: all of an IPv4 address. */
#define ADDRESS_TAIL(address) ((__u32)((address)->low >> 32))

#endif
