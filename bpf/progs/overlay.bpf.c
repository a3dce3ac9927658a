// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Ingress of the VXLAN device: packets of other nodes, unpacked. The network identifier is the sender's identity. They go to
 * pods of this node, or to the node itself through cilium_host; never on to another node.
 */
#include "../lib/common.h"
#include "../lib/config.h"
#include "../lib/forward.h"
#include "../lib/multicast.h"
#include "../lib/shortcut.h"

INLINE struct address tunnel_source(const struct bpf_tunnel_key *key, bool ipv6)
{
	struct address address;

	if (!ipv6)
		return address_from_v4(bpf_htonl(key->remote_ipv4));
	__builtin_memcpy(&address, key->remote_ipv6, sizeof(address));
	return address;
}

INLINE bool tunnel_source_known(const struct bpf_tunnel_key *key, bool ipv6)
{
	struct node_key node = { tunnel_source(key, ipv6) };

	return !config.check_tunnel_source || bpf_map_lookup_elem(&nodes, &node);
}

/* Identities that travel: workloads, and the few reserved ones that a remote node can speak for. */
INLINE int check_identity(__u32 identity)
{
	if (identity >= RESERVED_IDENTITY_FIRST_CLUSTER)
		return 0;
	switch (identity) {
	case RESERVED_IDENTITY_HEALTH:
	case RESERVED_IDENTITY_REMOTE_NODE:
	case RESERVED_IDENTITY_KUBE_APISERVER:
	case RESERVED_IDENTITY_INGRESS:
	case RESERVED_IDENTITY_WORLD:
	case RESERVED_IDENTITY_WORLD_IPV4:
	case RESERVED_IDENTITY_WORLD_IPV6:
		return 0;
	case RESERVED_IDENTITY_UNKNOWN:
		return DROP(OVERLAY, INVALID_VNI);
	default:
		return DROP(OVERLAY, INVALID_IDENTITY);
	}
}

/* The tunnel's metadata; it does not say which family the outer header has: the flag must match it. */
INLINE bool read_tunnel(struct __sk_buff *skb, struct bpf_tunnel_key *key, bool *outer_ipv6)
{
	*outer_ipv6 = false;
	if (likely(!bpf_skb_get_tunnel_key(skb, key, sizeof(*key), 0)))
		return true;
	*outer_ipv6 = true;
	return !bpf_skb_get_tunnel_key(skb, key, sizeof(*key), BPF_F_TUNINFO_IPV6);
}

/*
 * A node speaks for itself as "remote node"; what else it is (the API server's, one with certain labels) the address tells. A pod's
 * address does not count here: the tunnel says who it is.
 */
INLINE void refine_identity(struct trail *trail, const struct address *source)
{
	const struct ipcache_entry *entry;

	if (!config.policy_enabled || trail->source_identity != RESERVED_IDENTITY_REMOTE_NODE)
		return;
	entry = find_ipcache_exact(source);
	if (entry && (entry->flags & IPCACHE_NODE || entry->identity >= RESERVED_IDENTITY_FIRST_NODE))
		trail->source_identity = entry->identity;
}

/* Into the stack by way of cilium_host, where replies have their route, so that reverse path filters agree. */
INLINE int to_host(struct __sk_buff *skb, struct trail *trail)
{
	__u8 mac[6];
	struct ethhdr *eth = packet_data(skb);

	if ((void *)(eth + 1) > packet_end(skb))
		return DROP(OVERLAY, INVALID_PACKET);
	host_mac(mac);
	__builtin_memcpy(eth->h_dest, mac, sizeof(mac));
	DEBUG(skb, trail, TO_HOST, 0, 0);
	trace(skb, trail, TRACE_POINT_TO_HOST, config.host_ifindex);
	return bpf_redirect(config.host_ifindex, BPF_F_INGRESS);
}

NOINLINE int multicast_from_overlay(struct __sk_buff *skb, const struct trail *trail, const struct packet *packet,
							    bool ipv6)
{
	return send_to_group(skb, trail, packet, NO_SLOT, 0, true, true, ipv6);
}

INLINE int from_overlay_ip(struct __sk_buff *skb, struct trail *trail, const bool ipv6)
{
	const struct endpoint_info *endpoint;
	struct packet packet;
	int verdict;

	if (!(ipv6 ? config.ipv6_enabled : config.ipv4_enabled))
		return DROP(OVERLAY, UNSUPPORTED_L3_PROTOCOL);
	TRY(parse_ip(skb, &packet, ipv6));
	refine_identity(trail, &packet.source);
	if (unlikely(address_is_multicast(&packet.destination, ipv6)))
		return multicast_from_overlay(skb, trail, &packet, ipv6);
	endpoint = find_endpoint(&packet.destination);
	if (!endpoint)
		return DROP(OVERLAY, UNROUTABLE);
	set_destination(trail, endpoint);
	trail->answers = ANSWERS_THROUGH_TUNNEL;
	trail->endpoint_id = endpoint->endpoint_id;
	/* The node itself is asked about only with its firewall on. */
	if (config.host_firewall || !(endpoint->flags & ENDPOINT_HOST)) {
		verdict = admit(skb, trail, &packet, ipv6);
		if (unlikely(verdict))
			return verdict;
	}
	/* The inner frame still carries MACs of the sending node. */
	if (skb->pkt_type != PACKET_HOST)
		bpf_skb_change_type(skb, PACKET_HOST);
	if (endpoint->flags & ENDPOINT_HOST)
		return to_host(skb, trail);
	return deliver(skb, trail, endpoint, true);
}

INLINE int from_overlay_verdict(struct __sk_buff *skb, struct trail *trail)
{
	struct bpf_tunnel_key key = {};
	bool outer_ipv6;
	__u32 generation;
	int verdict;

	if (unlikely(!read_tunnel(skb, &key, &outer_ipv6)))
		return DROP(OVERLAY, NO_TUNNEL_KEY);
	if (shortcuts_on() && !outer_ipv6) {
		generation = forwarding_generation();
		if (generation) {
			verdict = shortcut_from_overlay(skb, generation, bpf_htonl(key.remote_ipv4), key.tunnel_id);
			if (likely(verdict != NO_SHORTCUT))
				return verdict;
			begin_path(trail, CONNTRACK_PATH_OVERLAY_TO_POD, generation, bpf_htonl(key.remote_ipv4));
		}
	}
	TRY(check_identity(key.tunnel_id));
	if (!tunnel_source_known(&key, outer_ipv6))
		return DROP(OVERLAY, TUNNEL_PROHIBITED);
	trail->source_identity = key.tunnel_id;
	DEBUG(skb, trail, DECAP, key.tunnel_id, 0);
	trace(skb, trail, TRACE_POINT_FROM_OVERLAY, 0);
	switch (skb->protocol) {
	case bpf_htons(ETH_P_IP):
		return from_overlay_ip(skb, trail, false);
	case bpf_htons(ETH_P_IPV6):
		return from_overlay_ip(skb, trail, true);
	default:
		return DROP(OVERLAY, UNSUPPORTED_L2_PROTOCOL);
	}
}

SEC("tc")
int from_overlay(struct __sk_buff *skb)
{
	struct trail trail = {};

	return leave_hook(skb, &trail, from_overlay_verdict(skb, &trail), TRAFFIC_DIRECTION_INGRESS);
}

char _license[] SEC("license") = "Dual BSD/GPL";
