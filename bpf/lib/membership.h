/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_MEMBERSHIP_H
#define WAGGLE_LIB_MEMBERSHIP_H

#include "drop.h"
#include "event.h"
#include "multicast_work.h"

/*
 * The only code that changes memberships: bitmap, `mcast_joins`, `mcast_sources` and the count in `mcast_limits`.
 * A bit is set after its row exists and cleared before the row goes, so replication never meets a bit without a row for
 * longer than a moment; it skips those. Two CPUs changing the same (group, slot) at once can leave bit and row different;
 * the agent's reconciler finds that and repairs it through mcast_control.
 */

INLINE struct mcast_group *find_group(const struct address *group)
{
	struct mcast_group_key key = { *group };

	return bpf_map_lookup_elem(&mcast_groups, &key);
}

INLINE struct mcast_limit *find_limit(__u32 slot)
{
	return bpf_map_lookup_elem(&mcast_limits, &slot);
}

INLINE void set_member(struct mcast_group *group, __u32 slot)
{
	__u32 word = slot / 64 % MCAST_WORDS;
	__u64 bit = 1ULL << (slot % 64);

	if (!(__sync_fetch_and_or(&group->words[word], bit) & bit))
		__sync_fetch_and_add(&group->members, 1);
	__sync_fetch_and_or(&group->summary[word / 64], 1ULL << (word % 64));
}

INLINE void clear_member(struct mcast_group *group, __u32 slot)
{
	__u32 word = slot / 64 % MCAST_WORDS;
	__u64 bit = 1ULL << (slot % 64), summary_bit = 1ULL << (word % 64);

	if (__sync_fetch_and_and(&group->words[word], ~bit) & bit)
		__sync_fetch_and_add(&group->members, -1);
	if (*(volatile __u64 *)&group->words[word])
		return;
	__sync_fetch_and_and(&group->summary[word / 64], ~summary_bit);
	/* Somebody may have joined in between. */
	if (*(volatile __u64 *)&group->words[word])
		__sync_fetch_and_or(&group->summary[word / 64], summary_bit);
}

/* Functions below take the member from work->record. */

NOINLINE int emit_membership(struct __sk_buff *skb, const struct trail *trail, const struct mcast_work *work,
						     __u32 change, __u32 filter_mode)
{
	struct membership_event *event = begin_event(skb, trail, EVENT_TYPE_MEMBERSHIP, sizeof(*event));

	if (!event)
		return 0;
	event->group = work->record.key.group;
	event->slot = work->record.key.slot;
	event->change = change;
	event->compat = work->record.compat;
	event->filter_mode = filter_mode;
	event->pad = 0;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/* 1: the filter is a different one now, 0: it was the same before. */
INLINE int refresh_member(struct mcast_work *work, struct mcast_join *join, __u8 filter_mode, __u32 sources)
{
	bool changed = join->filter_mode != filter_mode || join->sources != sources || sources;

	join->last_report = bpf_ktime_get_ns();
	join->flags = 0;
	/* A static member stays one whatever its host reports. */
	if (join->compat != MEMBERSHIP_COMPAT_STATIC)
		join->compat = work->record.compat;
	/* In an order in which a datagram that comes meanwhile meets the old filter or the new one, never a mix that drops it. */
	if (sources) {
		*(volatile __u8 *)&join->filter_mode = filter_mode;
		*(volatile __u32 *)&join->sources = sources;
	} else {
		bool listed = join->sources;

		*(volatile __u32 *)&join->sources = 0;
		*(volatile __u8 *)&join->filter_mode = filter_mode;
		if (listed)
			bpf_map_delete_elem(&mcast_sources, &work->record.key);
	}
	return changed;
}

/*
 * Makes it a member with the filter work->filter_mode and `list` (NULL: no list), or refreshes it. A refusal is a verdict;
 * 1: it is a member now.
 */
NOINLINE int join_group(struct __sk_buff *skb, const struct trail *trail, struct mcast_work *work,
						struct mcast_group *group, const struct mcast_source_list *list)
{
	struct mcast_join *join = bpf_map_lookup_elem(&mcast_joins, &work->record.key);
	struct mcast_limit *limit = find_limit(work->record.key.slot);
	__u32 sources = list ? list->count : 0;
	__u8 filter_mode = work->filter_mode;

	if (!limit)
		return DROP(MEMBERSHIP, IGMP_TABLE_FULL);
	if (!join && work->record.compat != MEMBERSHIP_COMPAT_STATIC && *(volatile __u32 *)&limit->groups >= config.mcast_max_groups)
		return DROP(MEMBERSHIP, IGMP_TOO_MANY_GROUPS);
	if (sources && bpf_map_update_elem(&mcast_sources, &work->record.key, list, BPF_ANY))
		return DROP(MEMBERSHIP, IGMP_TABLE_FULL);

	if (join) {
		if (refresh_member(work, join, filter_mode, sources))
			emit_membership(skb, trail, work, MEMBERSHIP_CHANGE_FILTER, filter_mode);
		set_member(group, work->record.key.slot);
		return 1;
	}

	__builtin_memset(&work->fresh, 0, sizeof(work->fresh));
	work->fresh.last_report = work->fresh.joined = bpf_ktime_get_ns();
	work->fresh.compat = work->record.compat;
	work->fresh.filter_mode = filter_mode;
	work->fresh.sources = sources;
	if (bpf_map_update_elem(&mcast_joins, &work->record.key, &work->fresh, BPF_NOEXIST)) {
		if (sources)
			bpf_map_delete_elem(&mcast_sources, &work->record.key);
		return DROP(MEMBERSHIP, IGMP_TABLE_FULL);
	}
	__sync_fetch_and_add(&limit->groups, 1);
	set_member(group, work->record.key.slot);
	emit_membership(skb, trail, work, MEMBERSHIP_CHANGE_JOIN, filter_mode);
	return 1;
}

/* Removes the member; `group` may be NULL when it is configured no more. 1: removed, 0: it was no member. */
NOINLINE int leave_group(struct __sk_buff *skb, const struct trail *trail, struct mcast_work *work,
						 struct mcast_group *group)
{
	struct mcast_join *join = bpf_map_lookup_elem(&mcast_joins, &work->record.key);
	struct mcast_limit *limit = find_limit(work->record.key.slot);
	__u8 filter_mode;

	if (group)
		clear_member(group, work->record.key.slot);
	if (!join)
		return 0;
	filter_mode = join->filter_mode;
	if (bpf_map_delete_elem(&mcast_joins, &work->record.key))
		return 0; /* somebody else was faster */
	bpf_map_delete_elem(&mcast_sources, &work->record.key);
	if (limit)
		__sync_fetch_and_add(&limit->groups, -1);
	emit_membership(skb, trail, work, MEMBERSHIP_CHANGE_LEAVE, filter_mode);
	return 1;
}

/* A member says that it leaves: removed or marked; nothing happens if it is no member or one that its host cannot remove. */
INLINE void leave_by_report(struct __sk_buff *skb, const struct trail *trail, struct mcast_work *work, struct mcast_group *group)
{
	struct mcast_join *join = bpf_map_lookup_elem(&mcast_joins, &work->record.key);

	if (!join || join->compat == MEMBERSHIP_COMPAT_STATIC)
		return;
	if (config.mcast_fast_leave) {
		leave_group(skb, trail, work, group);
	} else if (!(join->flags & JOIN_LEAVING)) {
		join->flags = JOIN_LEAVING;
		emit_membership(skb, trail, work, MEMBERSHIP_CHANGE_LEAVING, join->filter_mode);
	}
}

#endif
