// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Egress of cilium_host: what this node's stack sends, or forwards, to pods. Routes to other nodes' pod prefixes and to the
 * configured multicast groups point at this device. Nothing leaves it the ordinary way.
 */
#include "../lib/common.h"
#include "../lib/config.h"
#include "../lib/forward.h"
#include "../lib/multicast.h"
#include "../lib/neighbour.h"

/* On the wire a node is a "remote node": "host" means the receiver's own node. */
#define HOST_TUNNEL_IDENTITY RESERVED_IDENTITY_REMOTE_NODE

NOINLINE int multicast_from_host(struct __sk_buff *skb, const struct trail *trail, const struct packet *packet,
							 bool ipv6)
{
	return send_to_group(skb, trail, packet, NO_SLOT, HOST_TUNNEL_IDENTITY, false, false, ipv6);
}

/* The node itself, or somebody for whom it routes. */
INLINE void set_source(struct trail *trail, const struct address *source)
{
	const struct endpoint_info *sender;

	if (!config.conntrack_enabled)
		return;
	sender = find_endpoint(source);
	if (!sender) {
		trail->source_identity = identity_of(source);
	} else if (!(sender->flags & ENDPOINT_HOST)) {
		trail->source_identity = sender->identity;
	} else if (config.host_firewall) {
		trail->source_subject = sender->policy_subject;
	}
}

INLINE int from_host_ip(struct __sk_buff *skb, struct trail *trail, const bool ipv6)
{
	const struct endpoint_info *endpoint;
	const struct ipcache_entry *entry;
	struct packet packet;
	int verdict;
	__u8 mac[6], type = 0;

	TRY(parse_ip(skb, &packet, ipv6));
	if (ipv6 && config.ipv6_enabled && packet.protocol == IPPROTO_ICMPV6) {
		bpf_skb_load_bytes(skb, ETH_HLEN + sizeof(struct ipv6hdr), &type, 1);
		if (type == ND_NEIGHBOUR_SOLICITATION) {
			struct address own = CONFIG_ADDRESS(router_ipv6);

			host_mac(mac);
			return answer_solicitation(skb, mac, &own, BPF_F_INGRESS);
		}
	}
	/* Router solicitations, membership reports and the like: the stack sends them on every device. */
	if (unlikely(address_is_multicast(&packet.destination, ipv6) && address_is_link_multicast(&packet.destination, ipv6)))
		return DROP(HOST, LINK_LOCAL_HANDLED);
	if (!(ipv6 ? config.ipv6_enabled : config.ipv4_enabled))
		return DROP(HOST, UNSUPPORTED_L3_PROTOCOL);
	if (unlikely(address_is_multicast(&packet.destination, ipv6)))
		return multicast_from_host(skb, trail, &packet, ipv6);

	set_source(trail, &packet.source);
	endpoint = find_endpoint(&packet.destination);
	if (endpoint_is_local_pod(endpoint)) {
		set_destination(trail, endpoint);
		trail->endpoint_id = endpoint->endpoint_id;
		verdict = admit(skb, trail, &packet, ipv6);
		if (unlikely(verdict))
			return verdict;
		count(DROP_REASON_NONE, TRAFFIC_DIRECTION_INGRESS, skb->len);
		return deliver(skb, trail, endpoint, false);
	}
	entry = find_ipcache(&packet.destination);
	if (!entry || address_is_zero(&entry->tunnel_endpoint))
		return DROP(HOST, UNROUTABLE);
	trail->destination_identity = entry->identity;
	if (config.host_firewall) {
		verdict = admit(skb, trail, &packet, ipv6);
		if (unlikely(verdict))
			return verdict;
	}
	count(DROP_REASON_NONE, TRAFFIC_DIRECTION_EGRESS, skb->len);
	if (set_tunnel(skb, &entry->tunnel_endpoint, HOST_TUNNEL_IDENTITY))
		return DROP(HOST, NO_TUNNEL_ENDPOINT);
	trace(skb, trail, TRACE_POINT_TO_OVERLAY, config.overlay_ifindex);
	return bpf_redirect(config.overlay_ifindex, 0);
}

INLINE int from_host_verdict(struct __sk_buff *skb, struct trail *trail)
{
	__u8 mac[6];

	trace(skb, trail, TRACE_POINT_FROM_HOST, 0);
	switch (skb->protocol) {
	case bpf_htons(ETH_P_IP):
		return from_host_ip(skb, trail, false);
	case bpf_htons(ETH_P_IPV6):
		return from_host_ip(skb, trail, true);
	case bpf_htons(ETH_P_ARP):
		host_mac(mac);
		return answer_arp(skb, mac, 0, BPF_F_INGRESS);
	default:
		return DROP(HOST, UNSUPPORTED_L2_PROTOCOL);
	}
}

SEC("tc")
int from_host(struct __sk_buff *skb)
{
	struct trail trail = { .source_identity = RESERVED_IDENTITY_HOST };

	return leave_hook(skb, &trail, from_host_verdict(skb, &trail), TRAFFIC_DIRECTION_EGRESS);
}

char _license[] SEC("license") = "Dual BSD/GPL";
