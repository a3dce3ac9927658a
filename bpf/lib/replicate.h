/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_REPLICATE_H
#define WAGGLE_LIB_REPLICATE_H

#include "fan_out.h"
#include "forward.h"
#include "membership.h"
#include "multicast_policy.h"

/*
 * One datagram to the members of its group. The cluster is one multicast link: TTL and the rest of the IP packet stay as
 * they are (senders use TTL 1 unless told otherwise), so every fragment follows by the same rule and no checksum changes.
 * The sender's own membership is skipped: its kernel loops datagrams back to it by itself (IP_MULTICAST_LOOP).
 */

/* Pointers, which cannot live in a map; everything else is in `work`. */
struct replication {
	struct __sk_buff *skb;
	const struct trail *trail;
	struct mcast_group *group;
	struct mcast_work *work;
	const struct mcast_fan_out *fan_out; /* members that can be reached together, or NULL */
};

/* What a walk over the members is for. The first one asks; the others go over those of the fan-out's list that want the packet. */
enum walk {
	WALK_ASK,
	WALK_CLONE, /* one of the list did not want it: the others get clones */
	WALK_TELL,  /* the packet goes to the list: an event for each */
};

/* log2 of the lowest set bit: a de Bruijn sequence, as BPF has no instruction for it. */
const __u8 bit_positions[64] = {
	0,  1,  48, 2,  57, 49, 28, 3,  61, 58, 50, 42, 38, 29, 17, 4,  62, 55, 59, 36, 53, 51, 43, 22, 45, 39, 33, 30, 24, 18, 12, 5,
	63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21, 44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,  13, 8,  7,  6,
};

INLINE __u32 lowest_bit(__u64 bits)
{
	return bit_positions[((bits & -bits) * 0x03f79d71b4cb0a89ULL) >> 58];
}

/* The Ethernet address of a group: RFC 1112 6.4, RFC 2464 7. */
INLINE void group_mac(__u8 *mac, const struct address *group, const bool ipv6)
{
	const __u8 *bytes = ((const union address_words *)group)->bytes;

	mac[0] = ipv6 ? 0x33 : 0x01;
	mac[1] = ipv6 ? 0x33 : 0x00;
	mac[2] = ipv6 ? bytes[12] : 0x5e;
	mac[3] = ipv6 ? bytes[13] : bytes[13] & 0x7f;
	mac[4] = bytes[14];
	mac[5] = bytes[15];
}

INLINE bool source_listed(const struct mcast_source_list *list, const struct address *source)
{
	__u32 i;

	for (i = 0; i < MCAST_MAX_SOURCES; i++) {
		if (i >= list->count)
			break;
		if (address_equal(&list->sources[i], source))
			return true;
	}
	return false;
}

/* RFC 9776 6.3: does this member want datagrams of this source? */
INLINE bool wants(const struct mcast_join *join, const struct mcast_join_key *key, const struct address *source)
{
	const struct mcast_source_list *list;

	if (likely(join->filter_mode == FILTER_MODE_EXCLUDE && !join->sources))
		return true;
	list = bpf_map_lookup_elem(&mcast_sources, key);
	if (!list)
		return join->filter_mode == FILTER_MODE_EXCLUDE;
	return source_listed(list, source) == (join->filter_mode == FILTER_MODE_INCLUDE);
}

/*
 * A copy to another node without a tunnel: a unicast frame with the group's datagram in it, which works where the nodes
 * share a link. With a router in between, or before the neighbour is known, the tunnel is taken, if there is one.
 */
INLINE __u32 prepare_native(struct __sk_buff *skb, const struct mcast_slot *slot)
{
	struct bpf_fib_lookup fib;
	int result = find_route(skb, &fib, &slot->tunnel, 0);
	bool direct = fib.family == AF_INET ? fib.ipv4_dst == address_to_v4(&slot->tunnel)
					    : address_equal((struct address *)fib.ipv6_dst, &slot->tunnel);

	if (result || !direct)
		return 0;
	if (bpf_skb_store_bytes(skb, 0, fib.dmac, 6, 0) || bpf_skb_store_bytes(skb, 6, fib.smac, 6, 0))
		return 0;
	return fib.ifindex;
}

/* Gets the packet ready for the member that waits; the device to send it out of, or 0. */
NOINLINE __u32 prepare_copy(struct __sk_buff *skb, const struct mcast_work *work, const struct mcast_slot *slot)
{
	__u32 ifindex;
	__u8 mac[6];

	if (config.routing_mode == ROUTING_MODE_NATIVE) {
		if (slot->kind == SLOT_KIND_REMOTE) {
			ifindex = prepare_native(skb, slot);
			if (ifindex)
				return ifindex;
		}
		group_mac(mac, &work->group, work->ipv6);
		if (bpf_skb_store_bytes(skb, 0, mac, sizeof(mac), 0))
			return 0;
	}
	if (slot->kind == SLOT_KIND_LOCAL)
		return slot->ifindex;
	return set_tunnel(skb, &slot->tunnel, work->identity) ? 0 : config.overlay_ifindex;
}

/* A group has no connections: each copy is told of, at the member's side or where it leaves the node. */
INLINE void tell_of_copy(const struct replication *r, const struct mcast_slot *slot, __u32 ifindex)
{
	struct trail *told = &r->work->told;

	told->source_identity = r->trail->source_identity;
	told->endpoint_id = slot->kind == SLOT_KIND_LOCAL ? slot->endpoint_id : r->trail->endpoint_id;
	if (slot->kind == SLOT_KIND_LOCAL)
		trace(r->skb, told, TRACE_POINT_TO_ENDPOINT, ifindex);
	else if (ifindex == config.overlay_ifindex) /* copies that leave by the uplink are told of there */
		trace(r->skb, told, TRACE_POINT_TO_OVERLAY, ifindex);
}

/* Sends the copy that waits. */
INLINE void send_pending(const struct replication *r)
{
	__u32 index = r->work->pending, ifindex;
	const struct mcast_slot *slot = bpf_map_lookup_elem(&mcast_slots, &index);

	if (!slot)
		return;
	ifindex = prepare_copy(r->skb, r->work, slot);
	if (ifindex && slot->kind != SLOT_KIND_LOCAL) /* `to_pod` tells of local ones */
		tell_of_copy(r, slot, ifindex);
	if (!ifindex || bpf_clone_redirect(r->skb, ifindex, 0))
		count_verdict(r->skb, DROP(REPLICATE, COPY_FAILED), TRAFFIC_DIRECTION_INGRESS);
}

INLINE bool is_listed(const struct mcast_fan_out *fan_out, __u32 slot)
{
	return fan_out && slot < MCAST_SLOTS && fan_out->words[slot / 64 % MCAST_WORDS] & 1ULL << slot % 64;
}

/* Who comes after gets the packet first: the last one can take it itself. */
INLINE void queue_copy(const struct replication *r, __u32 index)
{
	if (r->work->pending != NO_SLOT)
		send_pending(r);
	r->work->pending = index;
}

INLINE void ask_member(const struct replication *r, __u32 index)
{
	struct mcast_work *work = r->work;
	struct mcast_join_key key = { .group = work->group, .slot = index };
	const struct mcast_slot *slot;
	struct mcast_join *join;

	if (index == work->sender_slot)
		return;
	slot = bpf_map_lookup_elem(&mcast_slots, &index);
	if (!slot || slot->kind == SLOT_KIND_FREE || (work->local_only && slot->kind != SLOT_KIND_LOCAL))
		return;
	join = bpf_map_lookup_elem(&mcast_joins, &key);
	if (!join || !wants(join, &key, &work->source))
		return;
	if (config.policy_enabled && slot->kind == SLOT_KIND_LOCAL && !member_may_hear(r->skb, r->trail, work, slot->ifindex))
		return;
	__sync_fetch_and_add(&join->packets, 1);
	__sync_fetch_and_add(&join->bytes, work->bytes);
	if (is_listed(r->fan_out, index)) {
		work->wanted[work->word % MCAST_WORDS] |= 1ULL << index % 64;
		work->listed++;
		return;
	}
	queue_copy(r, index);
}

INLINE void tell_of_member(const struct replication *r, __u32 index)
{
	const struct mcast_slot *slot = bpf_map_lookup_elem(&mcast_slots, &index);

	if (slot)
		tell_of_copy(r, slot, slot->ifindex);
}

INLINE void visit_member(const struct replication *r, __u32 index)
{
	switch (r->work->walk) {
	case WALK_ASK:
		ask_member(r, index);
		break;
	case WALK_CLONE:
		queue_copy(r, index);
		break;
	case WALK_TELL:
		tell_of_member(r, index);
		break;
	}
}

/* One step over the bitmap: to the next summary word, to the next word, or to the next member. */
static long replicate_step(__u32 step, struct replication *r)
{
	struct mcast_work *work = r->work;
	__u32 bit;

	if (work->bits) {
		bit = lowest_bit(work->bits);
		work->bits &= work->bits - 1;
		visit_member(r, work->word * 64 + bit);
		return 0;
	}
	if (work->summary) {
		bit = lowest_bit(work->summary);
		work->summary &= work->summary - 1;
		work->word = ((work->summary_word - 1) * 64 + bit) % MCAST_WORDS;
		if (work->walk == WALK_ASK) {
			work->bits = r->group->words[work->word % MCAST_WORDS];
			work->wanted[work->word % MCAST_WORDS] = 0;
		} else {
			work->bits = work->wanted[work->word % MCAST_WORDS];
		}
		return 0;
	}
	if (work->summary_word >= MCAST_SUMMARY_WORDS)
		return 1;
	/* Others join meanwhile: later walks must not meet words that the first did not. */
	if (work->walk == WALK_ASK)
		work->summaries[work->summary_word % MCAST_SUMMARY_WORDS] = r->group->summary[work->summary_word % MCAST_SUMMARY_WORDS];
	work->summary = work->summaries[work->summary_word % MCAST_SUMMARY_WORDS];
	work->summary_word++;
	(void)step;
	return 0;
}

/* Hands the packet itself to the last member: saves a clone, and for a local one the way through the veth's queue. */
INLINE int send_last(const struct replication *r, const bool at_ingress)
{
	__u32 index = r->work->pending, ifindex;
	const struct mcast_slot *slot = bpf_map_lookup_elem(&mcast_slots, &index);

	if (!slot)
		return DROP(REPLICATE, COPY_FAILED);
	ifindex = prepare_copy(r->skb, r->work, slot);
	if (!ifindex)
		return DROP(REPLICATE, COPY_FAILED);
	count_verdict(r->skb, DROP(REPLICATE, MULTICAST_HANDLED), TRAFFIC_DIRECTION_EGRESS);
	if (at_ingress && config.redirect_peer && slot->kind == SLOT_KIND_LOCAL) {
		count(DROP_REASON_NONE, TRAFFIC_DIRECTION_INGRESS, r->skb->len);
		tell_of_copy(r, slot, ifindex);
		return bpf_redirect_peer(ifindex, 0);
	}
	if (slot->kind != SLOT_KIND_LOCAL)
		tell_of_copy(r, slot, ifindex);
	return bpf_redirect(ifindex, 0);
}

/* The list that this packet may take, or NULL. */
INLINE const struct mcast_fan_out *find_fan_out(const struct replication *r)
{
	struct mcast_group_key key = { r->work->group };
	const struct mcast_fan_out *fan_out = bpf_map_lookup_elem(&mcast_fan_outs, &key);

	if (!fan_out || r->skb->len > fan_out->max_length || r->skb->gso_size || is_listed(fan_out, r->work->sender_slot))
		return NULL;
	return fan_out;
}

/* count() for `copies` packets of `bytes` each that went on. */
INLINE void count_copies(__u32 direction, __u32 copies, __u32 bytes)
{
	__u32 index = DROP_REASON_NONE * 4 + (direction & 3);
	struct metrics_entry *entry = bpf_map_lookup_elem(&metrics, &index);

	if (likely(entry)) {
		entry->packets += copies;
		entry->bytes += (__u64)copies * bytes;
	}
}

INLINE void walk(struct replication *r, const enum walk what)
{
	struct mcast_work *work = r->work;

	work->walk = what;
	work->bits = 0;
	work->summary = 0;
	work->word = 0;
	work->summary_word = 0;
	bpf_loop(MCAST_SLOTS + MCAST_WORDS + MCAST_SUMMARY_WORDS + 1, replicate_step, r, 0);
}

/* All of the list wants the packet: it takes the packet itself, whoever else waits gets a clone. */
INLINE int send_to_list(struct replication *r)
{
	struct fan_out_mac mac = { FAN_OUT_MARK, r->fan_out->list };

	if (config.trace_points & 1U << TRACE_POINT_TO_ENDPOINT)
		walk(r, WALK_TELL);
	if (r->work->pending != NO_SLOT)
		send_pending(r);
	if (bpf_skb_store_bytes(r->skb, 0, &mac, sizeof(mac), 0))
		return DROP(REPLICATE, COPY_FAILED);
	count_verdict(r->skb, DROP(REPLICATE, MULTICAST_HANDLED), TRAFFIC_DIRECTION_EGRESS);
	count_copies(TRAFFIC_DIRECTION_INGRESS, r->work->listed, r->skb->len);
	return bpf_redirect(r->fan_out->ifindex, BPF_F_INGRESS);
}

INLINE int replicate(struct replication *r, const bool at_ingress)
{
	struct mcast_work *work = r->work;

	r->fan_out = find_fan_out(r);
	work->pending = NO_SLOT;
	work->listed = 0;
	walk(r, WALK_ASK);
	if (r->fan_out && work->listed) {
		if (work->listed == r->fan_out->members)
			return send_to_list(r);
		walk(r, WALK_CLONE);
	}
	if (work->pending == NO_SLOT)
		return DROP(REPLICATE, MULTICAST_NO_MEMBERS);
	return send_last(r, at_ingress);
}

#endif
