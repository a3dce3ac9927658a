/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_EVENT_H
#define WAGGLE_LIB_EVENT_H

#include "../abi/event.h"
#include "common.h"
#include "config.h"
#include "maps_metrics.h"

/* What the programs have learnt about a packet so far, for whoever reports on it. */
struct trail {
	__u32 endpoint_id;
	__u32 source_identity;
	__u32 destination_identity;
	__u32 rule;                  /* that denied the packet */
	/* The ends that are on this node; 0: is not, or nothing is enforced there. */
	__u32 source_endpoint;
	__u32 destination_endpoint;
	__u32 source_subject;
	__u32 destination_subject;
	__u8 reason;                 /* enum trace_reason */
	bool is_reply;
	bool quiet;                  /* trace events of this packet are merged into another one's */
	__u8 denied;                 /* enum traffic_direction of the side whose policy denied it */
	__u8 answers;                /* enum trail_answers */
	bool keeps_path;             /* the connection's row wants to know where this packet goes (shortcut.h) */
	__u8 delivery;               /* enum conntrack_path of packets from here to a pod of this node; 0: no paths are kept here */
	__u8 pad;
};

/* How a sender at this hook is told that it was denied. */
enum trail_answers {
	ANSWERS_NOBODY         = 0,
	ANSWERS_OUT_OF_DEVICE  = 1, /* back where the packet came from */
	ANSWERS_THROUGH_TUNNEL = 2,
};

INLINE void count(__u8 reason, __u32 direction, __u32 bytes)
{
	__u32 index = reason * 4 + (direction & 3);
	struct metrics_entry *entry = bpf_map_lookup_elem(&metrics, &index);

	if (likely(entry)) {
		entry->packets++;
		entry->bytes += bytes;
	}
}

INLINE struct event_counters *this_event_counters(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&event_counters, &zero);
}

/* Events are on, and one's worth was left in this CPU's token bucket. */
INLINE bool event_allowed(void)
{
	struct event_bucket *bucket;
	struct event_counters *counters;
	__u64 now, limit = (__u64)config.event_burst * 1000, elapsed, tokens;
	__u32 zero = 0;

	if (!config.event_rate)
		return false;
	counters = this_event_counters();
	now = bpf_ktime_get_ns();
	bucket = bpf_map_lookup_elem(&event_buckets, &zero);
	if (!bucket || !counters)
		return false;
	elapsed = now - bucket->last_refill;
	if (elapsed > 10000000000ULL)
		elapsed = 10000000000ULL;
	tokens = bucket->tokens + elapsed / 1000 * config.event_rate / 1000;
	if (tokens > limit)
		tokens = limit;
	bucket->last_refill = now;
	if (tokens < 1000) {
		bucket->tokens = tokens;
		counters->limited++;
		return false;
	}
	bucket->tokens = tokens - 1000;
	return true;
}

INLINE void fill_header(struct __sk_buff *skb, struct event_header *header, const struct trail *trail, __u8 type, __u16 length)
{
	header->type = type;
	header->version = EVENT_VERSION;
	header->length = length;
	header->cpu = bpf_get_smp_processor_id();
	header->timestamp = bpf_ktime_get_ns();
	header->ifindex = skb->ifindex;
	header->endpoint_id = trail->endpoint_id;
	header->source_identity = trail->source_identity;
	header->destination_identity = trail->destination_identity;
}

INLINE void fill_capture(struct __sk_buff *skb, struct packet_capture *capture)
{
	__u32 length = skb->len;

	capture->packet_length = length;
	capture->captured = 0;
	if (!length)
		return;
	if (length > EVENT_CAPTURE_MAX)
		length = EVENT_CAPTURE_MAX;
	if (!bpf_skb_load_bytes(skb, 0, capture->data, BOUNDED(length, EVENT_CAPTURE_MAX)))
		capture->captured = length;
}

INLINE void count_event(bool sent)
{
	struct event_counters *counters = this_event_counters();

	if (!counters)
		return;
	if (sent)
		counters->sent++;
	else
		counters->lost++;
}

/*
 * Room for an event, its header filled; NULL: the buffer has none, which is counted. `size` is the whole event's, `header` its first
 * member. The caller fills the rest and submits it.
 */
INLINE void *begin_event(struct __sk_buff *skb, const struct trail *trail, const __u8 type, const __u32 size)
{
	struct event_header *header = bpf_ringbuf_reserve(&events, size, 0);

	if (!header) {
		count_event(false);
		return NULL;
	}
	count_event(true);
	fill_header(skb, header, trail, type, size);
	return header;
}

INLINE void emit_drop(struct __sk_buff *skb, const struct trail *trail, int verdict, __u32 direction)
{
	struct drop_event *event;
	__u32 value = -verdict;

	if (!event_allowed())
		return;
	event = begin_event(skb, trail, EVENT_TYPE_DROP, sizeof(*event));
	if (!event)
		return;
	event->reason = value & 0xff;
	event->direction = direction;
	event->file = value >> 8 & 0xff;
	event->line = value >> 16;
	fill_capture(skb, &event->packet);
	event->rule = trail->rule;
	event->pad = 0;
	bpf_ringbuf_submit(event, 0);
}

/* Nobody looks: asked only where an event would be made. */
INLINE bool traces_paused(void)
{
	__u32 zero = 0;
	const struct trace_state *state = bpf_map_lookup_elem(&trace_state, &zero);

	return state && *(const volatile __u32 *)&state->paused;
}

NOINLINE int emit_trace(struct __sk_buff *skb, const struct trail *trail, __u32 point, __u32 target_ifindex)
{
	struct trace_event *event;

	if (!config.event_rate || traces_paused() || !event_allowed())
		return 0;
	event = begin_event(skb, trail, EVENT_TYPE_TRACE, sizeof(*event));
	if (!event)
		return 0;
	event->point = point;
	event->reason = trail->reason;
	event->is_reply = trail->is_reply;
	event->pad = 0;
	event->target_ifindex = target_ifindex;
	fill_capture(skb, &event->packet);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/* Points where a packet is seen first: nothing is known about its connection yet. */
#define TRACE_POINTS_FROM \
	(1U << TRACE_POINT_FROM_ENDPOINT | 1U << TRACE_POINT_FROM_PROXY | 1U << TRACE_POINT_FROM_HOST | 1U << TRACE_POINT_FROM_STACK | \
	 1U << TRACE_POINT_FROM_OVERLAY | 1U << TRACE_POINT_FROM_NETWORK)

/* `point` is a constant, so a point that is off leaves no code behind. */
INLINE void trace(struct __sk_buff *skb, const struct trail *trail, const __u32 point, __u32 target_ifindex)
{
	if (!(config.trace_points & 1U << point))
		return;
	if (config.trace_aggregation >= TRACE_AGGREGATION_LOW && TRACE_POINTS_FROM & 1U << point)
		return;
	if (config.trace_aggregation >= TRACE_AGGREGATION_MEDIUM && trail->quiet)
		return;
	emit_trace(skb, trail, point, target_ifindex);
}

#endif
