/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_ABI_IPCACHE_H
#define WAGGLE_ABI_IPCACHE_H

#include "address.h"

/*
 * Map `ipcache`: hash, cluster id + address -> ipcache_entry; asked first.
 * Map `ipcache_prefixes`: LPM trie, cluster id + prefix -> ipcache_entry; asked on a miss only.
 * Both are written by the agent only. Rows for local pods are there too (identity for observers and later policy), but
 * the datapath finds local pods in `endpoints` first.
 */
struct ipcache_key {
	struct address address;
	__u32 cluster_id;     /* 0: this cluster */
	__u32 pad;
};

struct ipcache_prefix_key {
	__u32 prefix_length;  /* bits that count, from cluster_id on: 32 + (IPv4: 96) + prefix length */
	__u32 cluster_id;
	struct address address;
};

enum ipcache_flags {
	IPCACHE_NODE         = 1, /* the address belongs to a node, not to a pod */
	IPCACHE_SKIP_TUNNEL  = 2, /* route natively even when a tunnel endpoint is known */
};

struct ipcache_entry {
	struct address tunnel_endpoint; /* underlay address of the node that has it; zero: reached without a tunnel */
	__u32 identity;
	__u32 flags;                    /* enum ipcache_flags */
};

#endif
