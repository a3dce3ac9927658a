// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Not attached anywhere: user space runs `mcast_control` with BPF_PROG_TEST_RUN to change memberships by the same code and
 * the same atomic steps as snooping does. See struct mcast_control_args.
 */
#include "../lib/common.h"
#include "../lib/config.h"
#include "../lib/membership.h"

INLINE __u32 expire(struct __sk_buff *skb, const struct trail *trail, struct mcast_work *work, struct mcast_group *group, __u64 not_after)
{
	struct mcast_join *join = bpf_map_lookup_elem(&mcast_joins, &work->record.key);

	if (!join)
		return MCAST_CONTROL_RESULT_UNCHANGED;
	if (join->compat == MEMBERSHIP_COMPAT_STATIC || join->last_report > not_after)
		return MCAST_CONTROL_RESULT_FRESH;
	work->record.compat = join->compat;
	return leave_group(skb, trail, work, group) ? MCAST_CONTROL_RESULT_DONE : MCAST_CONTROL_RESULT_UNCHANGED;
}

/* With a list: its sources only. */
INLINE __u32 join_static(struct __sk_buff *skb, const struct trail *trail, struct mcast_work *work, struct mcast_group *group,
			 const struct mcast_source_list *list)
{
	struct mcast_join *join = bpf_map_lookup_elem(&mcast_joins, &work->record.key);
	bool same = !list && join && join->compat == MEMBERSHIP_COMPAT_STATIC && join->filter_mode == FILTER_MODE_EXCLUDE && !join->sources;

	if (!group)
		return MCAST_CONTROL_RESULT_NO_GROUP;
	work->filter_mode = list ? FILTER_MODE_INCLUDE : FILTER_MODE_EXCLUDE;
	if (join)
		join->compat = MEMBERSHIP_COMPAT_STATIC;
	if (join_group(skb, trail, work, group, list) < 0)
		return MCAST_CONTROL_RESULT_FULL;
	return same ? MCAST_CONTROL_RESULT_UNCHANGED : MCAST_CONTROL_RESULT_DONE;
}

INLINE __u32 join_sources(struct __sk_buff *skb, const struct trail *trail, struct mcast_work *work, struct mcast_group *group)
{
	if (bpf_skb_load_bytes(skb, MCAST_CONTROL_OFFSET + sizeof(struct mcast_control_args), &work->list, sizeof(work->list)))
		return MCAST_CONTROL_RESULT_NONE;
	if (!work->list.count || work->list.count > MCAST_MAX_SOURCES)
		return MCAST_CONTROL_RESULT_NONE;
	return join_static(skb, trail, work, group, &work->list);
}

INLINE __u32 leave_any(struct __sk_buff *skb, const struct trail *trail, struct mcast_work *work, struct mcast_group *group)
{
	struct mcast_join *join = bpf_map_lookup_elem(&mcast_joins, &work->record.key);

	if (join)
		work->record.compat = join->compat;
	return leave_group(skb, trail, work, group) ? MCAST_CONTROL_RESULT_DONE : MCAST_CONTROL_RESULT_UNCHANGED;
}

INLINE __u32 control(struct __sk_buff *skb, const struct mcast_control_args *args)
{
	struct mcast_work *work = get_work();
	struct trail trail = {};
	struct mcast_group *group;

	if (!work || args->slot >= MCAST_SLOTS)
		return MCAST_CONTROL_RESULT_BAD_SLOT;
	work->record.key.group = args->group;
	work->record.key.slot = args->slot;
	work->record.key.pad = 0;
	work->record.compat = MEMBERSHIP_COMPAT_STATIC;
	group = find_group(&args->group);
	switch (args->op) {
	case MCAST_CONTROL_OP_JOIN:
		return join_static(skb, &trail, work, group, NULL);
	case MCAST_CONTROL_OP_JOIN_SOURCES:
		return join_sources(skb, &trail, work, group);
	case MCAST_CONTROL_OP_LEAVE:
		return leave_any(skb, &trail, work, group);
	case MCAST_CONTROL_OP_EXPIRE:
		return expire(skb, &trail, work, group, args->not_after);
	default:
		return MCAST_CONTROL_RESULT_NONE;
	}
}

SEC("tc")
int mcast_control(struct __sk_buff *skb)
{
	struct mcast_control_args args;

	if (bpf_skb_load_bytes(skb, MCAST_CONTROL_OFFSET, &args, sizeof(args)))
		return TC_ACT_SHOT;
	args.result = control(skb, &args);
	return bpf_skb_store_bytes(skb, MCAST_CONTROL_OFFSET, &args, sizeof(args), 0) ? TC_ACT_SHOT : TC_ACT_OK;
}

char _license[] SEC("license") = "Dual BSD/GPL";
