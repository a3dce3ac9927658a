// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The host side of a pod's veth. `from_pod` sees at its ingress what the pod sends, `to_pod` at its egress what the stack
 * (or a multicast copy) sends to the pod; unicast between pods goes past `to_pod`.
 */
#include "../lib/common.h"
#include "../lib/config.h"
#include "../lib/forward.h"
#include "../lib/neighbour.h"
#include "../lib/shortcut.h"
#include "../lib/snoop.h"

/* Source addresses that a host has to use before or beside its own one. */
INLINE bool special_source(const struct packet *packet, const bool ipv6)
{
	if (!ipv6) /* DHCP (RFC 2131 4.1) and IGMP (RFC 9776 4.2.13) before an address is known */
		return !address_to_v4(&packet->source) && (packet->protocol == IPPROTO_IGMP || packet->protocol == IPPROTO_UDP);
	if (address_is_link_local(&packet->source))
		return address_is_link_local(&packet->destination) || address_is_multicast(&packet->destination, true);
	/* duplicate address detection (RFC 4862 5.4.2), MLD (RFC 3590 4) */
	return address_is_zero(&packet->source) && address_is_multicast(&packet->destination, true) &&
	       (packet->protocol == IPPROTO_ICMPV6 || packet->protocol == IPV6_HOP_BY_HOP);
}

INLINE bool source_is_own(const struct packet *packet, const struct endpoint_info *sender, const bool ipv6)
{
	return address_equal(&packet->source, ipv6 ? &sender->ipv6 : &sender->ipv4) || !config.source_check ||
	       sender->flags & ENDPOINT_ANY_SOURCE || special_source(packet, ipv6);
}

/* Control messages of the link that BPF answers or refuses; 0: none of those. */
NOINLINE int link_control_ipv6(struct __sk_buff *skb, const struct packet *packet, const struct endpoint_info *sender)
{
	__u8 type;

	if (packet->protocol != IPPROTO_ICMPV6)
		return 0;
	if (bpf_skb_load_bytes(skb, ETH_HLEN + sizeof(struct ipv6hdr), &type, 1))
		return DROP(POD, INVALID_PACKET);
	switch (type) {
	case ND_NEIGHBOUR_SOLICITATION:
		return answer_solicitation(skb, sender->host_mac, &sender->ipv6, 0);
	case ND_ROUTER_ADVERTISEMENT:
	case ND_REDIRECT:
		return DROP(POD, FORBIDDEN_ICMPV6);
	case ND_ROUTER_SOLICITATION:
	case ND_NEIGHBOUR_ADVERTISEMENT:
		return packet->hop_limit == 255 ? LINK_CONTROL_TO_STACK : DROP(POD, INVALID_PACKET);
	default:
		return 0;
	}
}

/* The group's datagram; a function of its own for the stack's sake. */
NOINLINE int multicast_from_pod(struct __sk_buff *skb, struct trail *trail, const struct endpoint_info *sender,
							const struct packet *packet, bool ipv6)
{
	if (sender->flags & ENDPOINT_NO_MULTICAST)
		return DROP(POD, MULTICAST_FORBIDDEN);
	/* Egress policy, on the identity of the group's address; each member's ingress policy is asked by replicate.h. */
	if (config.policy_enabled && sender->policy_subject) {
		const struct ipcache_entry *entry = find_ipcache(&packet->destination);
		int verdict;

		trail->destination_identity = entry ? entry->identity : RESERVED_IDENTITY_WORLD;
		verdict = ipv6 ? admit(skb, trail, packet, true) : admit(skb, trail, packet, false);
		if (verdict)
			return verdict;
	}
	count(DROP_REASON_NONE, TRAFFIC_DIRECTION_EGRESS, skb->len);
	return send_to_group(skb, trail, packet, sender->slot, sender->identity, false, true, ipv6);
}

INLINE int from_pod_ip(struct __sk_buff *skb, struct trail *trail, const struct endpoint_info *sender, const bool ipv6)
{
	struct packet packet;
	int verdict;

	if (!(ipv6 ? config.ipv6_enabled : config.ipv4_enabled))
		return DROP(POD, UNSUPPORTED_L3_PROTOCOL);
	TRY(parse_ip(skb, &packet, ipv6));
	STAGE(PARSE);
	if (unlikely(!source_is_own(&packet, sender, ipv6)))
		return DROP(POD, INVALID_SOURCE_IP);

	if (ipv6) {
		verdict = link_control_ipv6(skb, &packet, sender);
		if (unlikely(verdict))
			return verdict == LINK_CONTROL_TO_STACK ? TC_ACT_OK : verdict;
	}
	if (unlikely(!ipv6 && packet.protocol == IPPROTO_IGMP))
		return snoop_igmp(skb, trail, sender, &packet);
	if (unlikely(address_is_multicast(&packet.destination, ipv6))) {
		if (ipv6 && (packet.protocol == IPV6_HOP_BY_HOP || packet.protocol == IPPROTO_ICMPV6)) {
			verdict = snoop_mld(skb, trail, sender, &packet);
			if (verdict)
				return verdict;
		}
		return multicast_from_pod(skb, trail, sender, &packet, ipv6);
	}
	if (unlikely(!ipv6 && address_to_v4(&packet.destination) == bpf_htonl(INADDR_BROADCAST)))
		return DROP(POD, BROADCAST);
	STAGE(SOURCE_CHECK);
	return forward_from_pod(skb, trail, &packet, ipv6);
}

/* A body for each family: half the stack of one that holds both. */
NOINLINE int from_pod_ipv4(struct __sk_buff *skb, struct trail *trail, const struct endpoint_info *sender)
{
	return from_pod_ip(skb, trail, sender, false);
}

NOINLINE int from_pod_ipv6(struct __sk_buff *skb, struct trail *trail, const struct endpoint_info *sender)
{
	return from_pod_ip(skb, trail, sender, true);
}

INLINE int from_pod_verdict(struct __sk_buff *skb, struct trail *trail)
{
	const struct endpoint_info *sender;

	STAGE(ENTER);
	sender = find_endpoint_of_device(skb->ifindex);
	if (unlikely(!sender))
		return DROP(POD, UNKNOWN_SENDER);
	trail->endpoint_id = sender->endpoint_id;
	trail->source_identity = sender->identity;
	trail->source_endpoint = sender->endpoint_id;
	trail->source_subject = sender->policy_subject;
	trail->answers = ANSWERS_OUT_OF_DEVICE;
	trace(skb, trail, TRACE_POINT_FROM_ENDPOINT, 0);
	STAGE(SENDER);
	switch (skb->protocol) {
	case bpf_htons(ETH_P_IP):
		return from_pod_ipv4(skb, trail, sender);
	case bpf_htons(ETH_P_IPV6):
		return from_pod_ipv6(skb, trail, sender);
	case bpf_htons(ETH_P_ARP):
		return answer_arp(skb, sender->host_mac, address_to_v4(&sender->ipv4), 0);
	default:
		return DROP(POD, UNSUPPORTED_L2_PROTOCOL);
	}
}

SEC("tc")
int from_pod(struct __sk_buff *skb)
{
	__u32 generation = shortcuts_on() ? forwarding_generation() : 0;
	struct trail trail = {};

	if (generation) {
		int verdict = shortcut_from_pod(skb, generation);

		if (likely(verdict != NO_SHORTCUT))
			return leave_hook(skb, &trail, verdict, TRAFFIC_DIRECTION_EGRESS);
		begin_path(&trail, CONNTRACK_PATH_POD_TO_POD, generation, skb->ifindex);
	}
	return leave_hook(skb, &trail, from_pod_verdict(skb, &trail), TRAFFIC_DIRECTION_EGRESS);
}

/* Group queries and neighbour discovery are between the node and the pod's stack, no matter of policy. */
INLINE bool is_link_control(struct __sk_buff *skb, const struct packet *packet, const bool ipv6)
{
	__u8 type = 0;

	if (address_is_multicast(&packet->destination, ipv6))
		return true;
	if (!ipv6 || packet->protocol != IPPROTO_ICMPV6)
		return false;
	bpf_skb_load_bytes(skb, ETH_HLEN + sizeof(struct ipv6hdr), &type, 1);
	return type >= ND_ROUTER_SOLICITATION && type <= ND_REDIRECT;
}

/* What the node's stack sends, or forwards, to the pod: nobody has asked policy yet. */
INLINE int to_pod_ip(struct __sk_buff *skb, struct trail *trail, const bool ipv6)
{
	const struct endpoint_info *receiver = find_endpoint_of_device(skb->ifindex), *sender;
	struct packet packet;

	if (!receiver || parse_ip(skb, &packet, ipv6) < 0)
		return TC_ACT_OK;
	trail->endpoint_id = receiver->endpoint_id;
	/* On this link there is nobody but the node. */
	trail->source_identity = ipv6 && address_is_link_local(&packet.source) ? RESERVED_IDENTITY_HOST : identity_of(&packet.source);
	if (is_link_control(skb, &packet, ipv6))
		return TC_ACT_OK;
	set_destination(trail, receiver);
	if (skb->mark == MARK_ANSWER)
		return TC_ACT_OK;
	if (config.host_firewall && trail->source_identity == RESERVED_IDENTITY_HOST) {
		sender = find_endpoint(&packet.source);
		trail->source_subject = sender ? sender->policy_subject : 0;
	}
	return admit(skb, trail, &packet, ipv6);
}

NOINLINE int to_pod_ipv4(struct __sk_buff *skb, struct trail *trail)
{
	return to_pod_ip(skb, trail, false);
}

NOINLINE int to_pod_ipv6(struct __sk_buff *skb, struct trail *trail)
{
	return to_pod_ip(skb, trail, true);
}

SEC("tc")
int to_pod(struct __sk_buff *skb)
{
	struct trail trail = { .source_identity = RESERVED_IDENTITY_UNKNOWN };
	const bool told = skb->mark == MARK_ADMITTED;
	int verdict = TC_ACT_OK;

	if (config.conntrack_enabled && !told) {
		if (skb->protocol == bpf_htons(ETH_P_IP))
			verdict = to_pod_ipv4(skb, &trail);
		else if (skb->protocol == bpf_htons(ETH_P_IPV6))
			verdict = to_pod_ipv6(skb, &trail);
	}
	if (likely(verdict == TC_ACT_OK)) {
		count(DROP_REASON_NONE, TRAFFIC_DIRECTION_INGRESS, skb->len);
		if (!told)
			trace(skb, &trail, TRACE_POINT_TO_ENDPOINT, skb->ifindex);
	}
	return leave_hook(skb, &trail, verdict, TRAFFIC_DIRECTION_INGRESS);
}

char _license[] SEC("license") = "Dual BSD/GPL";
