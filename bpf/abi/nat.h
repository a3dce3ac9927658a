/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_ABI_NAT_H
#define WAGGLE_ABI_NAT_H

#include "address.h"

/*
 * Map `snat`: LRU hash, nat_key -> nat_entry. Each masqueraded flow has two rows: NAT_OUT, keyed by the packet as the pod
 * sends it, holding the address and port that replace its source; NAT_IN, keyed by the reply as it arrives, holding the
 * pod's address and port. For ICMP echo the identifier stands for the local port and the remote port is 0.
 * Written by BPF; the agent deletes rows of deleted pods.
 */
enum nat_direction {
	NAT_OUT = 0,
	NAT_IN  = 1,
};

struct nat_key {
	struct address source;
	struct address destination;
	__be16 source_port;
	__be16 destination_port;
	__u8 protocol;       /* IP protocol number */
	__u8 direction;      /* enum nat_direction */
	__u16 pad;
};

struct nat_entry {
	struct address address;
	__be16 port;
	__u16 pad[3];
	__u64 last;          /* ns, CLOCK_MONOTONIC, coarse */
};

/* Map `fragments`: LRU hash, datagram -> ports of its first fragment. Written by BPF only. */
struct fragment_key {
	struct address source;
	struct address destination;
	__be32 id;
	__u8 protocol;
	__u8 pad[3];
};

struct fragment_entry {
	__be16 source_port;
	__be16 destination_port;
};

#endif
