/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_SNOOP_H
#define WAGGLE_LIB_SNOOP_H

#include "checksum.h"
#include "report.h"

/*
 * IGMP and MLD from pods end here: they change the sender's own membership and go no further. The member is always the
 * slot of the device that the message came from, whatever addresses it names.
 */
#define IGMP_QUERY 0x11
#define IGMP_V1_REPORT 0x12
#define IGMP_V2_REPORT 0x16
#define IGMP_V2_LEAVE 0x17
#define IGMP_V3_REPORT 0x22
#define MLD_QUERY 130
#define MLD_V1_REPORT 131
#define MLD_V1_DONE 132
#define MLD_V2_REPORT 143

#define SNOOP_MAX_LENGTH 16384
#define SUM_CHUNK 64

struct igmp_message {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be32 group;          /* v3 report: reserved, number of records */
};

struct mld_message {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be16 delay;
	__be16 records;        /* v1: reserved */
	struct address group;  /* v1 only */
};

static long sum_chunk(__u32 step, struct report *report)
{
	struct mcast_work *work = report->work;
	__u32 offset = work->offset, length = work->end - offset;
	__u32 chunk[SUM_CHUNK / 4] = {};

	(void)step;
	if (length > SUM_CHUNK)
		length = SUM_CHUNK;
	if (!length || bpf_skb_load_bytes(report->skb, offset, chunk, BOUNDED(length, SUM_CHUNK))) {
		work->broken = DROP(SNOOP, IGMP_TRUNCATED);
		return 1;
	}
	work->sum = bpf_csum_diff(NULL, 0, chunk, SUM_CHUNK, work->sum);
	work->offset = offset + length;
	return 0;
}

/* `seed`: the pseudo header's sum for MLD, 0 for IGMP. */
INLINE int verify_checksum(struct report *report, __u32 offset, __u32 seed)
{
	struct mcast_work *work = report->work;

	work->offset = offset;
	work->sum = seed;
	work->broken = 0;
	bpf_loop((work->end - offset + SUM_CHUNK - 1) / SUM_CHUNK, sum_chunk, report, 0);
	if (work->broken)
		return work->broken;
	return checksum_fold(work->sum) ? DROP(SNOOP, IGMP_CHECKSUM) : 0;
}

/* One message's worth of the endpoint's token bucket. */
INLINE bool report_allowed(__u32 slot)
{
	struct mcast_limit *limit = find_limit(slot);
	__u64 now = bpf_ktime_get_ns(), elapsed, tokens, most = (__u64)config.mcast_report_burst * 1000;

	if (!config.mcast_report_rate)
		return true;
	if (!limit)
		return false;
	elapsed = now - limit->last_refill;
	if (elapsed > 10000000000ULL)
		elapsed = 10000000000ULL;
	tokens = limit->tokens + elapsed / 1000 * config.mcast_report_rate / 1000;
	if (tokens > most)
		tokens = most;
	limit->last_refill = now;
	limit->tokens = tokens < 1000 ? tokens : tokens - 1000;
	return tokens >= 1000;
}

/* What holds for both protocols before a message is read. */
INLINE int begin_report(struct report *report, const struct endpoint_info *sender, const struct packet *packet,
			const struct transport *transport, __u32 minimum)
{
	struct mcast_work *work;

	if (sender->flags & ENDPOINT_NO_MULTICAST)
		return DROP(SNOOP, MULTICAST_FORBIDDEN);
	if (sender->slot >= MCAST_SLOTS)
		return DROP(SNOOP, IGMP_TABLE_FULL);
	if (packet->hop_limit != 1)
		return DROP(SNOOP, IGMP_HOP_LIMIT);
	if (transport->fragmented || transport->length < minimum || transport->length > SNOOP_MAX_LENGTH)
		return DROP(SNOOP, IGMP_TRUNCATED);
	if (!report_allowed(sender->slot))
		return DROP(SNOOP, IGMP_RATE_LIMITED);
	work = get_work();
	if (!work)
		return DROP(SNOOP, IGMP_TABLE_FULL);
	work->slot = sender->slot;
	work->end = transport->offset + transport->length;
	report->work = work;
	return 0;
}

NOINLINE int snoop_igmp(struct __sk_buff *skb, const struct trail *trail, const struct endpoint_info *sender, const struct packet *packet)
{
	struct report report = { .skb = skb, .trail = trail, .ipv6 = false };
	struct transport transport = {};
	struct igmp_message message;
	struct address group;

	TRY(locate_transport(skb, packet, &transport, false));
	TRY(begin_report(&report, sender, packet, &transport, sizeof(message)));
	if (bpf_skb_load_bytes(skb, transport.offset, &message, sizeof(message)))
		return DROP(SNOOP, IGMP_TRUNCATED);
	TRY(verify_checksum(&report, transport.offset, 0));

	group = address_from_v4(message.group);
	switch (message.type) {
	case IGMP_V1_REPORT:
		return apply_single(&report, &group, RECORD_IS_EXCLUDE, MEMBERSHIP_COMPAT_IGMP1);
	case IGMP_V2_REPORT:
		return apply_single(&report, &group, RECORD_IS_EXCLUDE, MEMBERSHIP_COMPAT_IGMP2);
	case IGMP_V2_LEAVE:
		return apply_single(&report, &group, RECORD_TO_INCLUDE, MEMBERSHIP_COMPAT_IGMP2);
	case IGMP_V3_REPORT:
		return apply_report(&report, transport.offset + sizeof(message), bpf_ntohl(message.group) & 0xffff, MEMBERSHIP_COMPAT_IGMP3);
	case IGMP_QUERY:
		return DROP(SNOOP, IGMP_QUERY_FROM_POD);
	default:
		return DROP(SNOOP, IGMP_UNKNOWN_TYPE);
	}
}

INLINE bool is_mld(__u8 type)
{
	return (type >= MLD_QUERY && type <= MLD_V1_DONE) || type == MLD_V2_REPORT;
}

/* 0: the packet is no MLD message. */
NOINLINE int snoop_mld(struct __sk_buff *skb, const struct trail *trail, const struct endpoint_info *sender,
					       const struct packet *packet)
{
	struct report report = { .skb = skb, .trail = trail, .ipv6 = true };
	struct transport transport = {};
	struct mld_message message = {};
	__u32 seed;

	TRY(locate_transport(skb, packet, &transport, true));
	if (transport.protocol != IPPROTO_ICMPV6 || !transport.first)
		return 0;
	if (bpf_skb_load_bytes(skb, transport.offset, &message.type, sizeof(message.type)))
		return DROP(SNOOP, IGMP_TRUNCATED);
	if (!is_mld(message.type))
		return 0;
	TRY(begin_report(&report, sender, packet, &transport, offsetof(struct mld_message, group)));
	if (!address_is_zero(&packet->source) && !address_is_link_local(&packet->source))
		return DROP(SNOOP, MLD_BAD_SOURCE);
	if (bpf_skb_load_bytes(skb, transport.offset, &message, offsetof(struct mld_message, group)))
		return DROP(SNOOP, IGMP_TRUNCATED);
	seed = checksum_pseudo(&packet->source, &packet->destination, transport.length, IPPROTO_ICMPV6, true);
	TRY(verify_checksum(&report, transport.offset, seed));

	if (message.type == MLD_QUERY)
		return DROP(SNOOP, IGMP_QUERY_FROM_POD);
	if (message.type == MLD_V2_REPORT)
		return apply_report(&report, transport.offset + offsetof(struct mld_message, group), bpf_ntohs(message.records),
				    MEMBERSHIP_COMPAT_MLD2);
	if (transport.length < sizeof(message) || bpf_skb_load_bytes(skb, transport.offset, &message, sizeof(message)))
		return DROP(SNOOP, IGMP_TRUNCATED);
	return apply_single(&report, &message.group, message.type == MLD_V1_DONE ? RECORD_TO_INCLUDE : RECORD_IS_EXCLUDE,
			    MEMBERSHIP_COMPAT_MLD1);
}

#endif
