/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_ABI_IDENTITY_H
#define WAGGLE_ABI_IDENTITY_H

/* Reserved security identities; numbers as published by Cilium. Pods get 256 and up. */
enum reserved_identity {
	RESERVED_IDENTITY_UNKNOWN        = 0,
	RESERVED_IDENTITY_HOST           = 1, /* this node; never travels in a tunnel */
	RESERVED_IDENTITY_WORLD          = 2,
	RESERVED_IDENTITY_UNMANAGED      = 3,
	RESERVED_IDENTITY_HEALTH         = 4,
	RESERVED_IDENTITY_INIT           = 5,
	RESERVED_IDENTITY_REMOTE_NODE    = 6,
	RESERVED_IDENTITY_KUBE_APISERVER = 7,
	RESERVED_IDENTITY_INGRESS        = 8,
	RESERVED_IDENTITY_WORLD_IPV4     = 9,
	RESERVED_IDENTITY_WORLD_IPV6     = 10,
	RESERVED_IDENTITY_FIRST_CLUSTER  = 256,
	RESERVED_IDENTITY_MAX_TUNNEL     = 0xffffff, /* a VXLAN network identifier has 24 bits */
	RESERVED_IDENTITY_FIRST_NODE     = 0x02000000, /* and up: other nodes told apart by their labels; each node's own numbers */
};

#endif
