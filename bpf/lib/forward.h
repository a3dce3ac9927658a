/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_FORWARD_H
#define WAGGLE_LIB_FORWARD_H

#include "debug.h"
#include "deny.h"
#include "encap.h"
#include "maps_endpoint.h"
#include "path.h"
#include "stage.h"

INLINE const struct endpoint_info *find_endpoint(const struct address *address)
{
	struct endpoint_key key = { *address };

	return bpf_map_lookup_elem(&endpoints, &key);
}

INLINE const struct endpoint_info *find_endpoint_of_device(__u32 ifindex)
{
	return bpf_map_lookup_elem(&endpoints_by_ifindex, &ifindex);
}

/* The exact row; most addresses have one, or none at all. */
INLINE const struct ipcache_entry *find_ipcache_exact(const struct address *address)
{
	struct ipcache_key key = { .address = *address, .cluster_id = config.cluster_id };

	return bpf_map_lookup_elem(&ipcache, &key);
}

/* The exact row, or the longest prefix. */
INLINE const struct ipcache_entry *find_ipcache(const struct address *address)
{
	const struct ipcache_entry *entry = find_ipcache_exact(address);
	struct ipcache_prefix_key key = { .prefix_length = 160, .cluster_id = config.cluster_id, .address = *address };

	return entry ? entry : bpf_map_lookup_elem(&ipcache_prefixes, &key);
}

INLINE bool endpoint_is_local_pod(const struct endpoint_info *endpoint)
{
	return endpoint && !(endpoint->flags & ENDPOINT_HOST);
}

/* The destination is a pod of this node, or (with the host firewall) the node itself. */
INLINE void set_destination(struct trail *trail, const struct endpoint_info *endpoint)
{
	if (endpoint->flags & ENDPOINT_HOST) {
		trail->destination_identity = RESERVED_IDENTITY_HOST;
		trail->destination_subject = config.host_firewall ? endpoint->policy_subject : 0;
		return;
	}
	trail->destination_identity = endpoint->identity;
	trail->destination_endpoint = endpoint->endpoint_id;
	trail->destination_subject = endpoint->policy_subject;
}

/* Who has this address, as far as this node knows. */
INLINE __u32 identity_of(const struct address *address)
{
	const struct endpoint_info *endpoint = find_endpoint(address);
	const struct ipcache_entry *entry;

	if (endpoint)
		return endpoint->flags & ENDPOINT_HOST ? RESERVED_IDENTITY_HOST : endpoint->identity;
	entry = find_ipcache(address);
	return entry ? entry->identity : RESERVED_IDENTITY_WORLD;
}

/*
 * Hands the packet to a pod of this node. From an ingress hook it goes straight into the pod's namespace
 * (bpf_redirect_peer), past the host side of the veth; elsewhere through the host side, whose program counts it.
 */
INLINE int deliver(struct __sk_buff *skb, struct trail *trail, const struct endpoint_info *endpoint, const bool at_ingress)
{
	struct ethhdr *eth = packet_data(skb);

	if ((void *)(eth + 1) > packet_end(skb))
		return DROP(FORWARD, INVALID_PACKET);
	/* pod_mac and host_mac stand in the order of an Ethernet header. */
	__builtin_memcpy(eth, endpoint->pod_mac, 12);
	trail->destination_identity = endpoint->identity;
	DEBUG(skb, trail, LOCAL_DELIVERY, endpoint->endpoint_id, trail->source_identity);
	trail->endpoint_id = endpoint->endpoint_id; /* told from the receiver's side, as one that comes from elsewhere */
	trace(skb, trail, TRACE_POINT_TO_ENDPOINT, endpoint->ifindex);
	if (at_ingress && config.redirect_peer && likely(!(endpoint->flags & ENDPOINT_NO_PEER))) {
		if (unlikely(trail->keeps_path))
			keep_path(trail->delivery, endpoint->ifindex, endpoint->pod_mac);
		count(DROP_REASON_NONE, TRAFFIC_DIRECTION_INGRESS, skb->len);
		return bpf_redirect_peer(endpoint->ifindex, 0);
	}
	skb->mark = MARK_ADMITTED;
	return bpf_redirect(endpoint->ifindex, 0);
}

INLINE int to_stack(struct __sk_buff *skb, const struct trail *trail)
{
	DEBUG(skb, trail, TO_STACK, 0, 0);
	if (trail->quiet)
		skb->mark = MARK_QUIET;
	trace(skb, trail, TRACE_POINT_TO_STACK, 0);
	return TC_ACT_OK;
}

/*
 * Routes natively without the stack: next hop from the FIB, its MAC from the neighbour table. Anything out of the ordinary
 * (no route, blackhole, a device that is not Ethernet) is left to the stack, which knows how to answer.
 */
NOINLINE int route(struct __sk_buff *skb, const struct trail *trail, const struct packet *packet, bool ipv6)
{
	struct bpf_redir_neigh next = {};
	struct bpf_fib_lookup fib;
	int result;

	if (!config.fib_redirect || packet->hop_limit <= 1)
		return to_stack(skb, trail);
	result = find_route(skb, &fib, &packet->destination, 0);
	if (result != BPF_FIB_LKUP_RET_SUCCESS && result != BPF_FIB_LKUP_RET_NO_NEIGH)
		return to_stack(skb, trail);
	TRY(decrement_hop_limit(skb, ipv6));
	/* After the lookup the destination field holds the next hop. */
	if (fib.family == AF_INET) {
		next.nh_family = AF_INET;
		next.ipv4_nh = fib.ipv4_dst;
	} else {
		next.nh_family = AF_INET6;
		__builtin_memcpy(next.ipv6_nh, fib.ipv6_dst, sizeof(next.ipv6_nh));
	}
	if (trail->quiet)
		skb->mark = MARK_QUIET;
	if (fib.ifindex != config.uplink_ifindex) /* there `to_network` tells it */
		trace(skb, trail, TRACE_POINT_TO_NETWORK, fib.ifindex);
	return bpf_redirect_neigh(fib.ifindex, &next, sizeof(next), 0);
}

/* Is it worth asking `ipcache` before `endpoints`? */
INLINE bool probably_remote(const struct address *address, const bool ipv6)
{
	struct address prefix;

	if (ipv6) {
		prefix = CONFIG_ADDRESS(local_cidr_ipv6);
		return config.local_cidr_ipv6_length && !address_in_prefix(address, &prefix, config.local_cidr_ipv6_length);
	}
	prefix = CONFIG_ADDRESS(local_cidr_ipv4);
	return config.local_cidr_ipv4_length && !address_in_prefix(address, &prefix, 96 + config.local_cidr_ipv4_length);
}

INLINE bool takes_tunnel(const struct ipcache_entry *entry)
{
	return config.routing_mode == ROUTING_MODE_TUNNEL && !address_is_zero(&entry->tunnel_endpoint) && !(entry->flags & IPCACHE_SKIP_TUNNEL);
}

INLINE int send_to_tunnel(struct __sk_buff *skb, const struct trail *trail, const struct packet *packet, const struct ipcache_entry *entry,
			  const bool ipv6)
{
	if (unlikely(packet->hop_limit <= 1))
		return send_time_exceeded(skb, packet, ipv6);
	TRY(decrement_hop_limit(skb, ipv6));
	return encapsulate(skb, trail, packet, &entry->tunnel_endpoint, trail->source_identity, ipv6);
}

NOINLINE int send_to_tunnel_ipv4(struct __sk_buff *skb, const struct trail *trail, const struct packet *packet, const struct ipcache_entry *entry)
{
	return send_to_tunnel(skb, trail, packet, entry, false);
}

NOINLINE int send_to_tunnel_ipv6(struct __sk_buff *skb, const struct trail *trail, const struct packet *packet, const struct ipcache_entry *entry)
{
	return send_to_tunnel(skb, trail, packet, entry, true);
}

INLINE int forward_to_tunnel(struct __sk_buff *skb, struct trail *trail, const struct packet *packet, const struct ipcache_entry *entry,
			     const bool ipv6)
{
	int verdict;

	trail->destination_identity = entry->identity;
	DEBUG_3(skb, trail, DEBUG_OF(ipv6, IP_ID_MAP_SUCCEED), ADDRESS_TAIL(&packet->destination), entry->identity, 0);
	verdict = admit(skb, trail, packet, ipv6);
	if (unlikely(verdict))
		return verdict;
	if (unlikely(trail->keeps_path) && address_is_v4(&entry->tunnel_endpoint))
		keep_path(CONNTRACK_PATH_POD_TO_OVERLAY, address_to_v4(&entry->tunnel_endpoint), NULL);
	return ipv6 ? send_to_tunnel_ipv6(skb, trail, packet, entry) : send_to_tunnel_ipv4(skb, trail, packet, entry);
}

/*
 * Unicast from a pod, source already checked. Each step is one look-up; a packet to a remote pod takes the first only. When the
 * destination's identity is known, connection tracking and policy decide (admit.h), before anything is sent or answered.
 *   1. not from this node's own prefix, and in `ipcache` with a tunnel → tunnel
 *   2. an address of this node → the stack
 *   3. a pod of this node → into it
 *   4. in `ipcache`, exactly or by prefix: tunnel, or native route
 *   5. everything else → native route or the stack
 */
INLINE int forward_from_pod(struct __sk_buff *skb, struct trail *trail, const struct packet *packet, const bool ipv6)
{
	const struct endpoint_info *endpoint;
	const struct ipcache_entry *entry;
	int verdict;

	count(DROP_REASON_NONE, TRAFFIC_DIRECTION_EGRESS, skb->len);
	STAGE(COUNT);
	if (probably_remote(&packet->destination, ipv6)) {
		entry = find_ipcache_exact(&packet->destination);
		STAGE(REMOTE_LOOKUP);
		if (entry && takes_tunnel(entry)) /* 1 */
			return forward_to_tunnel(skb, trail, packet, entry, ipv6);
	}

	endpoint = find_endpoint(&packet->destination);
	STAGE(LOCAL_LOOKUP);
	if (endpoint) {
		set_destination(trail, endpoint);
		verdict = admit(skb, trail, packet, ipv6);
		if (unlikely(verdict))
			return verdict;
		if (endpoint->flags & ENDPOINT_HOST) { /* 2 */
			DEBUG(skb, trail, TO_HOST, 0, 0);
			trace(skb, trail, TRACE_POINT_TO_HOST, 0);
			return TC_ACT_OK;
		}
		if (unlikely(packet->hop_limit <= 1))
			return send_time_exceeded(skb, packet, ipv6);
		TRY(decrement_hop_limit(skb, ipv6)); /* 3 */
		return deliver(skb, trail, endpoint, true);
	}

	entry = find_ipcache(&packet->destination);
	if (entry && takes_tunnel(entry)) /* 4 */
		return forward_to_tunnel(skb, trail, packet, entry, ipv6);
	trail->destination_identity = entry ? entry->identity : RESERVED_IDENTITY_WORLD;
	DEBUG_3(skb, trail, entry ? DEBUG_OF(ipv6, IP_ID_MAP_SUCCEED) : DEBUG_OF(ipv6, IP_ID_MAP_FAILED), ADDRESS_TAIL(&packet->destination),
		trail->destination_identity, 0);
	verdict = admit(skb, trail, packet, ipv6);
	if (unlikely(verdict))
		return verdict;
	return route(skb, trail, packet, ipv6); /* 4, 5 */
}

#endif
