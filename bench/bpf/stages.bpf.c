// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The pod program of the product, cut off after each of its stages: what one stage costs is the difference between two
 * neighbours. The functions are the product's own; the order of calls follows from_pod_verdict(), from_pod_ip() and
 * forward_from_pod(), and has to be kept like theirs.
 */
#include "../../bpf/progs/pod.bpf.c"

enum stage {
	STAGE_ENTER,          /* the program as such */
	STAGE_SENDER,         /* who sends: endpoints_by_ifindex */
	STAGE_PARSE,          /* IP header */
	STAGE_SOURCE_CHECK,   /* own address only; neither IGMP nor multicast nor broadcast */
	STAGE_COUNT,          /* counter of what pods send */
	STAGE_LOCAL_LOOKUP,   /* endpoints; only for addresses of this node's prefix */
	STAGE_REMOTE_LOOKUP,  /* ipcache; for the others */
};

INLINE int cut_ip(struct __sk_buff *skb, struct trail *trail, const struct endpoint_info *sender, const enum stage last)
{
	const struct endpoint_info *endpoint;
	const struct ipcache_entry *entry;
	struct packet packet;

	if (!config.ipv4_enabled)
		return DROP(POD, UNSUPPORTED_L3_PROTOCOL);
	TRY(parse_ip(skb, &packet, false));
	if (last == STAGE_PARSE)
		return packet.hop_limit ? TC_ACT_OK : TC_ACT_SHOT;
	if (unlikely(!source_is_own(&packet, sender, false)))
		return DROP(POD, INVALID_SOURCE_IP);
	if (unlikely(packet.protocol == IPPROTO_IGMP) || unlikely(address_is_multicast(&packet.destination, false)) ||
	    unlikely(address_to_v4(&packet.destination) == bpf_htonl(INADDR_BROADCAST)))
		return TC_ACT_SHOT;
	if (last == STAGE_SOURCE_CHECK)
		return TC_ACT_OK;
	count(DROP_REASON_NONE, TRAFFIC_DIRECTION_EGRESS, skb->len);
	if (last == STAGE_COUNT)
		return TC_ACT_OK;
	if (last == STAGE_REMOTE_LOOKUP) {
		entry = probably_remote(&packet.destination, false) ? find_ipcache_exact(&packet.destination) : NULL;
		return entry ? TC_ACT_OK : TC_ACT_SHOT;
	}
	endpoint = probably_remote(&packet.destination, false) ? NULL : find_endpoint(&packet.destination);
	return endpoint ? TC_ACT_OK : TC_ACT_SHOT;
}

INLINE int cut(struct __sk_buff *skb, struct trail *trail, const enum stage last)
{
	const struct endpoint_info *sender;

	if (last == STAGE_ENTER)
		return TC_ACT_OK;
	sender = find_endpoint_of_device(skb->ifindex);
	if (unlikely(!sender))
		return DROP(POD, UNKNOWN_SENDER);
	trail->endpoint_id = sender->endpoint_id;
	trail->source_identity = sender->identity;
	if (last == STAGE_SENDER || skb->protocol != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	return cut_ip(skb, trail, sender, last);
}

#define CUT(name, stage) \
	SEC("tc") \
	int cut_##name(struct __sk_buff *skb) \
	{ \
		struct trail trail = {}; \
		return leave_hook(skb, &trail, cut(skb, &trail, stage), TRAFFIC_DIRECTION_EGRESS); \
	}

CUT(enter, STAGE_ENTER)
CUT(sender, STAGE_SENDER)
CUT(parse, STAGE_PARSE)
CUT(source_check, STAGE_SOURCE_CHECK)
CUT(count, STAGE_COUNT)
CUT(local_lookup, STAGE_LOCAL_LOOKUP)
CUT(remote_lookup, STAGE_REMOTE_LOOKUP)
