/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_DROP_H
#define WAGGLE_LIB_DROP_H

#include <linux/pkt_cls.h>

#include "../abi/drop_reason.h"
#include "common.h"
#include "event.h"

/*
 * A function that decides on a packet returns a verdict: TC_ACT_* (0 and up), or the negative number that DROP() makes of
 * reason, file and line. Only leave_hook() turns that into TC_ACT_SHOT, after counting and telling.
 */
#define DROP(file, reason) (-(int)(DROP_REASON_##reason | SOURCE_FILE_##file << 8 | __LINE__ << 16))
/* The same for a reason known at run time. */
#define DROP_FOR(file, reason) (-(int)((reason) | SOURCE_FILE_##file << 8 | __LINE__ << 16))
/* Goes on when a step succeeded, else hands its verdict up. */
#define TRY(step) ({ int _verdict = (step); if (unlikely(_verdict < 0)) return _verdict; _verdict; })

INLINE __u8 verdict_reason(int verdict)
{
	return -verdict & 0xff;
}

/* Consumed because it did its work: counted, but no drop. */
INLINE bool reason_is_handled(__u8 reason)
{
	switch (reason) {
	case DROP_REASON_IGMP_HANDLED:
	case DROP_REASON_IGMP_SUBSCRIBED:
	case DROP_REASON_MULTICAST_HANDLED:
	case DROP_REASON_MULTICAST_NO_MEMBERS:
	case DROP_REASON_IGMP_LINK_LOCAL_GROUP:
	case DROP_REASON_NEIGHBOUR_HANDLED:
	case DROP_REASON_PATH_MTU_HANDLED:
	case DROP_REASON_LINK_LOCAL_HANDLED:
		return true;
	default:
		return false;
	}
}

/* Counts a refusal or success that is not the packet's own verdict. */
NOINLINE int count_verdict(struct __sk_buff *skb, int verdict, __u32 direction)
{
	__u32 value = -verdict;
	struct metrics_site site = {
		.reason = value & 0xff,
		.direction = direction,
		.file = value >> 8 & 0xff,
		.line = value >> 16,
	};
	struct metrics_entry *entry, fresh = { .packets = 1, .bytes = skb->len };

	count(site.reason, direction, skb->len);
	entry = bpf_map_lookup_elem(&metrics_sites, &site);
	if (entry) {
		entry->packets++;
		entry->bytes += skb->len;
	} else {
		bpf_map_update_elem(&metrics_sites, &site, &fresh, BPF_NOEXIST);
	}
	return 0;
}

NOINLINE int record_drop(struct __sk_buff *skb, const struct trail *trail, int verdict, __u32 direction)
{
	count_verdict(skb, verdict, direction);
	if (!reason_is_handled(verdict_reason(verdict)))
		emit_drop(skb, trail, verdict, direction);
	return TC_ACT_SHOT;
}

/* The one way out of every program. */
INLINE int leave_hook(struct __sk_buff *skb, const struct trail *trail, int verdict, __u32 direction)
{
	if (unlikely(verdict < 0))
		return record_drop(skb, trail, verdict, trail->denied ? trail->denied : direction);
	return verdict;
}

#endif
