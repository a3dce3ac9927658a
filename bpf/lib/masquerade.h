/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_MASQUERADE_H
#define WAGGLE_LIB_MASQUERADE_H

#include "forward.h"
#include "nat.h"

/*
 * Pods appear to the outside under the node's own address. A flow gets a port that no other flow to the same remote port
 * uses: its own where that lies in the configured range, else a random one. Rows live as long as the LRU keeps them. Connection
 * tracking says who opened a connection: answers to somebody who came straight to a pod's address keep that address.
 */
enum masquerade_flags {
	MASQUERADE_IPV6       = 1,
	MASQUERADE_KNOWN_ONLY = 2, /* the other side opened it, as far as is known: translate only what was translated before */
};

#define PORT_ATTEMPTS 32
#define REFRESH_INTERVAL 1000000000ULL

INLINE struct address masquerade_address(const bool ipv6)
{
	return ipv6 ? CONFIG_ADDRESS(masquerade_address_ipv6) : CONFIG_ADDRESS(masquerade_address_ipv4);
}

INLINE bool in_native_cidr(const struct address *address, const bool ipv6)
{
	struct address prefix;

	if (ipv6) {
		prefix = CONFIG_ADDRESS(native_cidr_ipv6);
		return config.native_cidr_ipv6_length && address_in_prefix(address, &prefix, config.native_cidr_ipv6_length);
	}
	prefix = CONFIG_ADDRESS(native_cidr_ipv4);
	return config.native_cidr_ipv4_length && address_in_prefix(address, &prefix, 96 + config.native_cidr_ipv4_length);
}

/* Does a packet of a pod to there need the node's address? */
INLINE bool leaves_cluster(const struct address *destination, const bool ipv6)
{
	const struct ipcache_entry *entry;

	if (address_is_multicast(destination, ipv6) || (ipv6 && address_is_link_local(destination)) || in_native_cidr(destination, ipv6))
		return false;
	entry = find_ipcache(destination);
	if (!entry)
		return true;
	if (entry->flags & IPCACHE_NODE)
		return config.masquerade_to_nodes;
	return !(entry->identity >= RESERVED_IDENTITY_FIRST_CLUSTER && entry->identity <= RESERVED_IDENTITY_MAX_TUNNEL) &&
	       entry->identity != RESERVED_IDENTITY_HEALTH && entry->identity != RESERVED_IDENTITY_INGRESS;
}

struct port_search {
	struct nat_key *reverse;
	struct nat_entry *pod;
	__be16 wanted;
	__be16 found;
	__u32 pad;
};

INLINE bool port_in_range(__be16 port)
{
	return bpf_ntohs(port) >= config.snat_port_min && bpf_ntohs(port) <= config.snat_port_max && bpf_ntohs(port) != config.tunnel_port;
}

/* Claims a port by inserting the reply's row, which only one flow can do. */
INLINE bool claim_port(struct nat_key *reverse, const struct nat_entry *pod, __be16 port)
{
	reverse->destination_port = port;
	return !bpf_map_update_elem(&snat, reverse, pod, BPF_NOEXIST);
}

INLINE int allocate(const struct nat_key *out, struct nat_entry *translated, const bool ipv6)
{
	struct nat_entry pod = { .address = out->source, .port = out->source_port, .last = bpf_ktime_get_coarse_ns() };
	__u32 range = config.snat_port_max - config.snat_port_min + 1, i;
	struct nat_key reverse = {
		.source = out->destination,
		.destination = masquerade_address(ipv6),
		.source_port = out->destination_port,
		.protocol = out->protocol,
		.direction = NAT_IN,
	};
	__be16 port = out->source_port;

	if (!port_in_range(port) || !claim_port(&reverse, &pod, port)) {
		for (i = 0; i < PORT_ATTEMPTS; i++) {
			port = bpf_htons(config.snat_port_min + bpf_get_prandom_u32() % range);
			if (port_in_range(port) && claim_port(&reverse, &pod, port))
				break;
		}
		if (i == PORT_ATTEMPTS)
			return DROP(MASQUERADE, NO_NAT_MAPPING);
	}
	translated->address = reverse.destination;
	translated->port = port;
	translated->last = pod.last;
	if (bpf_map_update_elem(&snat, out, translated, BPF_ANY)) {
		bpf_map_delete_elem(&snat, &reverse);
		return DROP(MASQUERADE, NO_NAT_MAPPING);
	}
	return 0;
}

/* The reply's row may have been evicted while the pod kept sending: look about once a second. */
INLINE void refresh(const struct nat_key *out, struct nat_entry *entry)
{
	__u64 now = bpf_ktime_get_coarse_ns();
	struct nat_entry pod = { .address = out->source, .port = out->source_port, .last = now };
	struct nat_key reverse = {
		.source = out->destination,
		.destination = entry->address,
		.source_port = out->destination_port,
		.destination_port = entry->port,
		.protocol = out->protocol,
		.direction = NAT_IN,
	};

	if (now - entry->last < REFRESH_INTERVAL)
		return;
	entry->last = now;
	if (!bpf_map_lookup_elem(&snat, &reverse))
		bpf_map_update_elem(&snat, &reverse, &pod, BPF_NOEXIST);
}

/* Gives a packet that leaves the cluster the node's address. 0, or a refusal. */
NOINLINE int masquerade_flow(struct __sk_buff *skb, const struct packet *packet, const struct flow *flow, __u32 flags)
{
	const bool ipv6 = flags & MASQUERADE_IPV6;
	struct nat_key out = {
		.source = packet->source,
		.destination = packet->destination,
		.source_port = flow->local_port,
		.destination_port = flow->remote_port,
		.protocol = flow->protocol,
		.direction = NAT_OUT,
	};
	struct nat_entry *entry = bpf_map_lookup_elem(&snat, &out), translated = {};

	if (entry) {
		refresh(&out, entry);
		translated.address = entry->address;
		translated.port = entry->port;
	} else if (flags & MASQUERADE_KNOWN_ONLY) {
		return 0;
	}
	if (ipv6) {
		if (!entry)
			TRY(allocate(&out, &translated, true));
		return rewrite(skb, flow, true, &packet->source, &translated.address, translated.port, true);
	}
	if (!entry)
		TRY(allocate(&out, &translated, false));
	return rewrite(skb, flow, true, &packet->source, &translated.address, translated.port, false);
}

#endif
