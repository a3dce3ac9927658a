/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_ABI_ENDPOINT_H
#define WAGGLE_ABI_ENDPOINT_H

#include "address.h"

/*
 * Map `endpoints`: hash, address -> endpoint_info. One row for each address of a local pod (both families carry the
 * same value) and one, with ENDPOINT_HOST, for each address of this node (router address, node addresses, loopback-like
 * service addresses are not here). Written by the agent only.
 *
 * Map `endpoints_by_ifindex`: hash, interface index of the host side of a pod's veth -> the same value. It is how the pod
 * programs find out who sends. Written by the agent only, before the programs are attached to the device.
 */
struct endpoint_key {
	struct address address;
};

enum endpoint_flags {
	ENDPOINT_HOST          = 1, /* an address of this node: packets go to the stack; ifindex and MACs are unused */
	ENDPOINT_NO_PEER       = 2, /* device without a peer in another namespace (not a veth): redirect, never redirect_peer */
	ENDPOINT_ANY_SOURCE    = 4, /* may send from any source address (a router or VPN pod) */
	ENDPOINT_NO_MULTICAST  = 8, /* may neither send to nor join multicast groups */
};

struct endpoint_info {
	__u32 ifindex;        /* host side of the veth */
	__u32 identity;
	__u32 endpoint_id;    /* 1 ... 65535 */
	__u32 slot;           /* index in `mcast_slots`, `mcast_limits` and the group bitmaps */
	__u8 pod_mac[6];      /* inside the pod */
	__u8 host_mac[6];     /* of the host side: what the pod sees as its gateway */
	__u32 flags;          /* enum endpoint_flags */
	struct address ipv4;  /* v4-mapped; zero: the pod has none */
	struct address ipv6;  /* zero: the pod has none */
	__u32 policy_subject; /* row of `policy_subjects`; 0: nothing is enforced */
	__u32 pad;
};

#endif
