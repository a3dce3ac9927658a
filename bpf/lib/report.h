/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_REPORT_H
#define WAGGLE_LIB_REPORT_H

#include "multicast.h"

/*
 * Group records of IGMPv3 (RFC 9776 4.2.12) and MLDv2 (RFC 9777 5.2.5), which differ in the size of an address only.
 * IGMPv1/2 and MLDv1 messages are taken as records too. One host sits behind each veth, so a record is that host's state
 * (or a change to it), not a vote among many.
 */
enum record_type {
	RECORD_IS_INCLUDE = 1,
	RECORD_IS_EXCLUDE = 2,
	RECORD_TO_INCLUDE = 3,
	RECORD_TO_EXCLUDE = 4,
	RECORD_ALLOW      = 5,
	RECORD_BLOCK      = 6,
};

/* Constant while the records of one message are walked; what changes is in mcast_work. */
struct report {
	struct __sk_buff *skb;
	const struct trail *trail;
	struct mcast_work *work;
	bool ipv6;
	__u8 pad[7];
};

/* Reads the record's source list into work->incoming. */
INLINE int read_sources(struct __sk_buff *skb, struct mcast_work *work, const bool ipv6)
{
	__u32 count = work->record.sources, offset = work->record.sources_offset, i;

	if (count > config.mcast_max_sources || count > MCAST_MAX_SOURCES)
		return DROP(REPORT, IGMP_TOO_MANY_SOURCES);
	work->incoming.count = count;
	if (!count)
		return 0;
	if (ipv6) {
		if (bpf_skb_load_bytes(skb, offset, work->incoming.sources, BOUNDED(count, MCAST_MAX_SOURCES) * sizeof(struct address)))
			return DROP(REPORT, IGMP_TRUNCATED);
		return 0;
	}
	if (bpf_skb_load_bytes(skb, offset, work->raw, BOUNDED(count, MCAST_MAX_SOURCES) * sizeof(__be32)))
		return DROP(REPORT, IGMP_TRUNCATED);
	for (i = 0; i < MCAST_MAX_SOURCES; i++)
		work->incoming.sources[i] = address_from_v4(work->raw[i]);
	return 0;
}

/* What combine_step needs; the lists are in `work`. */
struct combination {
	struct mcast_work *work;
	const struct mcast_source_list *current;
	bool add;
	__u8 pad[7];
};

/* Union: appends the incoming source number `step` unless the list has it. */
static long append_source(__u32 step, struct combination *c)
{
	struct mcast_work *work = c->work;
	__u32 count = work->list.count;
	struct address *source;

	if (step >= work->incoming.count || step >= MCAST_MAX_SOURCES)
		return 1;
	source = &work->incoming.sources[step % MCAST_MAX_SOURCES];
	if (source_listed(&work->list, source))
		return 0;
	if (count >= MCAST_MAX_SOURCES || count >= config.mcast_max_sources) {
		work->broken = DROP(REPORT, IGMP_TOO_MANY_SOURCES);
		return 1;
	}
	work->list.sources[count % MCAST_MAX_SOURCES] = *source;
	work->list.count = count + 1;
	return 0;
}

/* Copies the current source number `step`, unless sources are being taken away and it is one of them. */
static long keep_source(__u32 step, struct combination *c)
{
	struct mcast_work *work = c->work;
	__u32 count = work->list.count;
	struct address source;

	if (step >= c->current->count || step >= MCAST_MAX_SOURCES || count >= MCAST_MAX_SOURCES)
		return 1;
	source = c->current->sources[step % MCAST_MAX_SOURCES];
	if (!c->add && source_listed(&work->incoming, &source))
		return 0;
	work->list.sources[count % MCAST_MAX_SOURCES] = source;
	work->list.count = count + 1;
	return 0;
}

/* work->list = current sources of the member + or - work->incoming. */
NOINLINE int combine_sources(struct mcast_work *work, bool add)
{
	struct combination combination = { .work = work, .add = add };

	work->list.count = 0;
	work->broken = 0;
	combination.current = bpf_map_lookup_elem(&mcast_sources, &work->record.key);
	if (combination.current)
		bpf_loop(MCAST_MAX_SOURCES, keep_source, &combination, 0);
	if (add)
		bpf_loop(MCAST_MAX_SOURCES, append_source, &combination, 0);
	return work->broken;
}

INLINE int join_filtered(struct __sk_buff *skb, const struct trail *trail, struct mcast_work *work, struct mcast_group *group,
			 __u8 filter_mode, const struct mcast_source_list *list)
{
	work->filter_mode = filter_mode;
	return join_group(skb, trail, work, group, list);
}

/* One record's effect on its member; the table of RFC 9776 6.4, for a single host. 1: joined, 0: done, negative: refused. */
INLINE int change_membership(struct __sk_buff *skb, const struct trail *trail, struct mcast_work *work, struct mcast_group *group)
{
	const struct record *record = &work->record;
	struct mcast_join *join;
	bool include;

	switch (record->type) {
	case RECORD_IS_INCLUDE:
	case RECORD_TO_INCLUDE:
		if (!record->sources)
			goto leave;
		return join_filtered(skb, trail, work, group, FILTER_MODE_INCLUDE, &work->incoming);
	case RECORD_IS_EXCLUDE:
	case RECORD_TO_EXCLUDE:
		return join_filtered(skb, trail, work, group, FILTER_MODE_EXCLUDE, &work->incoming);
	case RECORD_ALLOW:
	case RECORD_BLOCK:
		break;
	default:
		return 0; /* unknown record types are ignored (RFC 9776 4.2.12) */
	}

	join = bpf_map_lookup_elem(&mcast_joins, &record->key);
	if (!join) {
		if (record->type == RECORD_BLOCK || !record->sources)
			return 0;
		return join_filtered(skb, trail, work, group, FILTER_MODE_INCLUDE, &work->incoming);
	}
	include = join->filter_mode == FILTER_MODE_INCLUDE;
	/* ALLOW adds to what is included and takes from what is excluded; BLOCK the other way round. */
	TRY(combine_sources(work, include == (record->type == RECORD_ALLOW)));
	if (include && !work->list.count)
		goto leave;
	return join_filtered(skb, trail, work, group, include ? FILTER_MODE_INCLUDE : FILTER_MODE_EXCLUDE, &work->list);

leave:
	leave_by_report(skb, trail, work, group);
	return 0;
}

NOINLINE int apply_record(struct __sk_buff *skb, const struct trail *trail, struct mcast_work *work, bool ipv6)
{
	struct mcast_group *group;

	if (!address_is_multicast(&work->record.key.group, ipv6))
		return DROP(REPORT, IGMP_NOT_A_GROUP);
	if (address_is_link_multicast(&work->record.key.group, ipv6))
		return DROP(REPORT, IGMP_LINK_LOCAL_GROUP); /* every host reports some, whether multicast is on or not */
	if (!config.multicast_enabled)
		return DROP(REPORT, MULTICAST_DISABLED);
	group = find_group(&work->record.key.group);
	if (!group) {
		note_unconfigured(&work->record.key.group, trail->endpoint_id, 0, 0);
		return DROP(REPORT, MULTICAST_UNCONFIGURED);
	}
	if (ipv6)
		TRY(read_sources(skb, work, true));
	else
		TRY(read_sources(skb, work, false));
	return change_membership(skb, trail, work, group);
}

/* Applies work->record and keeps the tally. Each refused record is counted once: the first one by verdict_of_report. */
INLINE void apply_and_tally(struct __sk_buff *skb, const struct trail *trail, struct mcast_work *work, bool ipv6)
{
	int result = apply_record(skb, trail, work, ipv6);

	if (result > 0)
		work->joined++;
	else if (!result)
		work->handled++;
	else if (!work->refusal)
		work->refusal = result;
	else
		count_verdict(skb, result, TRAFFIC_DIRECTION_EGRESS);
}

INLINE int verdict_of_report(struct __sk_buff *skb, struct mcast_work *work)
{
	if (!work->joined && !work->handled && work->refusal)
		return work->refusal;
	if (work->refusal)
		count_verdict(skb, work->refusal, TRAFFIC_DIRECTION_EGRESS);
	return work->joined ? DROP(REPORT, IGMP_SUBSCRIBED) : DROP(REPORT, IGMP_HANDLED);
}

struct record_header {
	__u8 type;
	__u8 auxiliary_words;
	__be16 sources;
};

/* Where the next record begins; 0 when this one does not fit into the message. */
INLINE __u32 record_end(const struct report *report, __u32 offset, struct record_header *header)
{
	__u32 size = report->ipv6 ? 16 : 4, end;

	if (bpf_skb_load_bytes(report->skb, offset, header, sizeof(*header)))
		return 0;
	end = offset + sizeof(*header) + size + bpf_ntohs(header->sources) * size + header->auxiliary_words * 4;
	return end <= report->work->end ? end : 0;
}

/* First walk: a report that is not whole is refused as a whole. */
static long check_record(__u32 step, struct report *report)
{
	struct record_header header;
	__u32 next = record_end(report, report->work->offset, &header);

	(void)step;
	if (!next) {
		report->work->broken = DROP(REPORT, IGMP_TRUNCATED);
		return 1;
	}
	report->work->offset = next;
	return 0;
}

/* Second walk: apply. */
static long walk_record(__u32 step, struct report *report)
{
	struct mcast_work *work = report->work;
	struct record *record = &work->record;
	struct record_header header;
	__u32 offset = work->offset, next = record_end(report, offset, &header);
	__be32 group;

	(void)step;
	if (!next)
		return 1;
	work->offset = next;
	record->type = header.type;
	record->sources = bpf_ntohs(header.sources);
	offset += sizeof(header);
	if (report->ipv6) {
		if (bpf_skb_load_bytes(report->skb, offset, &record->key.group, sizeof(record->key.group)))
			return 1;
		record->sources_offset = offset + 16;
	} else {
		if (bpf_skb_load_bytes(report->skb, offset, &group, sizeof(group)))
			return 1;
		record->key.group = address_from_v4(group);
		record->sources_offset = offset + 4;
	}
	apply_and_tally(report->skb, report->trail, work, report->ipv6);
	return 0;
}

INLINE void begin_tally(struct mcast_work *work, __u8 compat)
{
	work->joined = work->handled = 0;
	work->refusal = work->broken = 0;
	work->record.key.slot = work->slot;
	work->record.key.pad = 0;
	work->record.compat = compat;
}

/* The records of a v3/v2 report, `count` of them from `offset` on. */
INLINE int apply_report(struct report *report, __u32 offset, __u32 count, __u8 compat)
{
	struct mcast_work *work = report->work;

	if (count > config.mcast_max_records)
		return DROP(REPORT, IGMP_TOO_MANY_RECORDS);
	begin_tally(work, compat);
	work->offset = offset;
	bpf_loop(count, check_record, report, 0);
	if (work->broken)
		return work->broken;
	work->offset = offset;
	bpf_loop(count, walk_record, report, 0);
	return verdict_of_report(report->skb, work);
}

/* A v1/v2 report or leave: one group, no sources. */
INLINE int apply_single(struct report *report, const struct address *group, __u8 type, __u8 compat)
{
	struct mcast_work *work = report->work;

	begin_tally(work, compat);
	work->record.key.group = *group;
	work->record.type = type;
	work->record.sources = 0;
	apply_and_tally(report->skb, report->trail, work, report->ipv6);
	return verdict_of_report(report->skb, work);
}

#endif
