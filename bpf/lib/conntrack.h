/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_CONNTRACK_H
#define WAGGLE_LIB_CONNTRACK_H

#include "config.h"
#include "event.h"
#include "tuple.h"

/*
 * Connection tracking: the life of a row of `conntrack`. Nothing runs when nothing is sent: a row that has expired is as good as
 * none and is taken over by the next connection, and the map evicts the least recently used.
 */

/*
 * Seconds without a 64-bit division, which costs more than all the rest here: in units of 2^27 ns first, then times 2^27/10^9 as
 * a fraction of 2^32. Wrong by less than half a second, and never backwards.
 */
INLINE __u32 seconds(void)
{
	return ((bpf_ktime_get_coarse_ns() >> 27) * 576460752ULL) >> 32;
}

/* How long a path is good for after it was kept: up to 1 s. */
#define PATH_TICKS 5

/* What conntrack_side.kept counts in; at most 0.16 s. */
INLINE __u32 ticks(void)
{
	return bpf_jiffies64() >> 4;
}

INLINE bool is_alive(const struct conntrack_entry *entry, __u32 now)
{
	return (__s32)(entry->expires - now) > 0;
}

INLINE bool from_initiator(const struct conntrack_entry *entry, const struct tuple *tuple)
{
	return tuple->from_low == !!(entry->flags & CONNTRACK_LOW_INITIATED);
}

INLINE struct conntrack_side *side_of(struct conntrack_entry *entry, bool initiator)
{
	return initiator ? &entry->initiator : &entry->responder;
}

/* A SYN that is no answer: wants to open a connection, whatever is known of an earlier one. */
INLINE bool wants_to_open(const struct tuple *tuple)
{
	return (tuple->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

INLINE struct conntrack_counters *this_conntrack_counters(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&conntrack_counters, &zero);
}

#define COUNT_CONNTRACK(field) \
	do { \
		struct conntrack_counters *_counters = this_conntrack_counters(); \
		if (_counters) \
			_counters->field++; \
	} while (0)

/* `flags` and the two bytes behind it are one word, so that both ends' packets can set bits at the same time. */
INLINE void set_flags(struct conntrack_entry *entry, __u32 bits)
{
	__sync_fetch_and_or((__u32 *)&entry->flags, bits);
}

INLINE void clear_flags(struct conntrack_entry *entry, __u32 bits)
{
	__sync_fetch_and_and((__u32 *)&entry->flags, ~bits);
}

#define CONNTRACK_CLOSED(flags) \
	((flags) & CONNTRACK_RESET || \
	 ((flags) & (CONNTRACK_FIN_INITIATOR | CONNTRACK_FIN_RESPONDER)) == (CONNTRACK_FIN_INITIATOR | CONNTRACK_FIN_RESPONDER))

/* Seconds that a connection with these flags is remembered. */
INLINE __u32 lifetime(__u8 protocol, __u32 flags)
{
	if (protocol != IPPROTO_TCP)
		return config.ct_timeout_any;
	if (unlikely(CONNTRACK_CLOSED(flags)))
		return config.ct_timeout_tcp_fin;
	return flags & (CONNTRACK_SEEN_REPLY | CONNTRACK_MID_STREAM) ? config.ct_timeout_tcp : config.ct_timeout_tcp_syn;
}

/* What a packet of one end adds to the flags. */
INLINE __u32 flags_of(const struct tuple *tuple, bool initiator)
{
	__u32 bits = initiator ? 0 : CONNTRACK_SEEN_REPLY;

	if (tuple->tcp_flags & TCP_RST)
		bits |= CONNTRACK_RESET;
	if (tuple->tcp_flags & TCP_FIN)
		bits |= initiator ? CONNTRACK_FIN_INITIATOR : CONNTRACK_FIN_RESPONDER;
	return bits;
}

/* Does this packet make trace events where they are aggregated? Its TCP flags are noted in any case. */
INLINE bool is_worth_telling(struct conntrack_entry *entry, const struct tuple *tuple, bool initiator)
{
	__u32 *traced = initiator ? &entry->traced_initiator : &entry->traced_responder;
	__u8 seen = initiator ? entry->flags_initiator : entry->flags_responder, fresh = tuple->tcp_flags & ~seen;
	bool due;

	if (unlikely(fresh))
		set_flags(entry, (__u32)tuple->tcp_flags << (initiator ? 16 : 24));
	if (!config.trace_points || config.trace_aggregation < TRACE_AGGREGATION_MEDIUM)
		return true;
	due = fresh & config.trace_flags || !*traced;
	if (config.trace_aggregation == TRACE_AGGREGATION_MEDIUM)
		due = due || tuple->now - *traced >= config.trace_interval;
	if (due)
		*traced = tuple->now;
	return due;
}

/*
 * A packet of a living connection. Counters are added to without a lock: one direction's packets follow each other, mostly on
 * one CPU; a lost count is the worst that happens.
 */
INLINE void continue_connection(struct conntrack_entry *entry, struct trail *trail, const struct tuple *tuple, bool initiator, __u32 bytes)
{
	struct conntrack_side *side = side_of(entry, initiator);
	__u32 flags = entry->flags, bits = flags_of(tuple, initiator), expires;

	side->packets++;
	side->bytes += bytes;
	if (unlikely(bits & ~flags)) {
		set_flags(entry, bits);
		if (!CONNTRACK_CLOSED(flags) && CONNTRACK_CLOSED(flags | bits))
			COUNT_CONNTRACK(closed);
		flags |= bits;
	}
	expires = tuple->now + lifetime(tuple->key.protocol, flags);
	if (entry->expires != expires)
		entry->expires = expires;
	trail->is_reply = !initiator;
	trail->reason = initiator ? TRACE_REASON_ESTABLISHED : TRACE_REASON_REPLY;
	trail->quiet = !is_worth_telling(entry, tuple, initiator);
}

#endif
