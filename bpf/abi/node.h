/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_ABI_NODE_H
#define WAGGLE_ABI_NODE_H

#include "address.h"

/*
 * Map `nodes`: hash, underlay address of another node (one row for each of its addresses) -> node_info. Written by the
 * agent only. The overlay program accepts encapsulated packets from these addresses only (datapath_config.check_tunnel_source).
 */
struct node_key {
	struct address address;
};

struct node_info {
	__u32 node_id;
	__u32 slot;    /* the node's multicast slot */
	__u32 flags;   /* none yet */
	__u32 pad;
};

#endif
