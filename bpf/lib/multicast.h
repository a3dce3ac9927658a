/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_MULTICAST_H
#define WAGGLE_LIB_MULTICAST_H

#include "replicate.h"

/* A group that somebody uses but nobody configured: not forwarded, but people can see it. */
NOINLINE int note_unconfigured(const struct address *group, __u32 endpoint_id, __u32 packets, __u32 bytes)
{
	struct mcast_group_key key = { *group };
	struct mcast_unconfigured *row = bpf_map_lookup_elem(&mcast_unconfigured, &key), fresh = {};

	if (!row) {
		bpf_map_update_elem(&mcast_unconfigured, &key, &fresh, BPF_NOEXIST);
		row = bpf_map_lookup_elem(&mcast_unconfigured, &key);
		if (!row)
			return 0;
	}
	/* Data packets come with their bytes, report records without. */
	if (packets)
		__sync_fetch_and_add(&row->packets, packets);
	else
		__sync_fetch_and_add(&row->reports, 1);
	__sync_fetch_and_add(&row->bytes, bytes);
	row->last = bpf_ktime_get_ns();
	row->endpoint_id = endpoint_id;
	return 0;
}

NOINLINE int note_sender(const struct address *group, const struct address *source, const struct trail *trail, __u32 bytes)
{
	struct mcast_sender_key key = { *group, *source };
	struct mcast_sender *row = bpf_map_lookup_elem(&mcast_senders, &key), fresh = {};

	if (!row) {
		fresh.endpoint_id = trail->endpoint_id;
		fresh.identity = trail->source_identity;
		bpf_map_update_elem(&mcast_senders, &key, &fresh, BPF_NOEXIST);
		row = bpf_map_lookup_elem(&mcast_senders, &key);
		if (!row)
			return 0;
	}
	__sync_fetch_and_add(&row->packets, 1);
	__sync_fetch_and_add(&row->bytes, bytes);
	row->last = bpf_ktime_get_coarse_ns();
	return 0;
}

/*
 * A datagram for a group, from a local pod, from this node, or (local_only) from another node. Refusals in order:
 * switched off, link-local group, bad source, group not configured.
 */
INLINE int send_to_group(struct __sk_buff *skb, const struct trail *trail, const struct packet *packet, __u32 sender_slot,
			 __u32 tunnel_identity, const bool local_only, const bool at_ingress, bool ipv6)
{
	struct replication replication = { .skb = skb, .trail = trail };
	struct mcast_work *work;

	if (!config.multicast_enabled)
		return DROP(MULTICAST, MULTICAST_DISABLED);
	if (address_is_link_multicast(&packet->destination, ipv6))
		return DROP(MULTICAST, MULTICAST_LINK_LOCAL);
	if (address_is_multicast(&packet->source, ipv6) || address_is_unspecified(&packet->source, ipv6))
		return DROP(MULTICAST, MULTICAST_BAD_SOURCE);
	replication.group = find_group(&packet->destination);
	if (!replication.group) {
		if (!local_only)
			note_unconfigured(&packet->destination, trail->endpoint_id, 1, packet->ip_length);
		return DROP(MULTICAST, MULTICAST_UNCONFIGURED);
	}
	work = get_work();
	if (!work)
		return DROP(MULTICAST, COPY_FAILED);
	work->group = packet->destination;
	work->source = packet->source;
	work->bytes = packet->ip_length;
	work->sender_slot = sender_slot;
	work->identity = tunnel_identity;
	work->local_only = local_only;
	work->ipv6 = ipv6;
	replication.work = work;
	if (config.policy_enabled)
		TRY(note_target(skb, packet, work, ipv6));
	if (!local_only)
		note_sender(&packet->destination, &packet->source, trail, packet->ip_length);
	return replicate(&replication, at_ingress);
}

#endif
