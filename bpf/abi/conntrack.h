/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_ABI_CONNTRACK_H
#define WAGGLE_ABI_CONNTRACK_H

#include "address.h"

/*
 * Map `conntrack`: LRU hash, conntrack_key -> conntrack_entry. A connection is one row per node, whichever of its ends are on the
 * node: the key orders the two ends (by address, then port), so that one look-up finds it from both sides. A connection between
 * two local pods is one row that remembers both verdicts. Written by BPF; the agent deletes rows of deleted pods.
 */
struct conntrack_key {
	struct address low;       /* the end that sorts first, as bytes in network order */
	struct address high;
	__be16 low_port;          /* ICMP echo: the identifier, in both; others without ports: 0 */
	__be16 high_port;
	__u8 protocol;
	__u8 pad[3];
};

enum conntrack_flags {
	CONNTRACK_LOW_INITIATED  = 1,    /* the low end opened it */
	CONNTRACK_SEEN_REPLY     = 2,
	CONNTRACK_FIN_INITIATOR  = 4,
	CONNTRACK_FIN_RESPONDER  = 8,
	CONNTRACK_RESET          = 16,
	CONNTRACK_MID_STREAM     = 32,   /* first packet seen was no SYN */
	CONNTRACK_DRAINING       = 64,   /* denied by the current policy, allowed to go on until drain_until */
	CONNTRACK_FROM_PROXY     = 128,
	CONNTRACK_AUDITED        = 256,  /* passes only because of audit mode */
	CONNTRACK_CUT            = 512,  /* denied by the current policy: packets of both directions are dropped; the rules are those that deny */
};

enum conntrack_path {
	CONNTRACK_PATH_POD_TO_POD     = 1, /* between pods of this node */
	CONNTRACK_PATH_POD_TO_OVERLAY = 2,
	CONNTRACK_PATH_OVERLAY_TO_POD = 3,
};

/*
 * The packets of one end, and where they come from and go: what looking up both ends said about the last one that took the long way.
 * Good for as long as `generation` is forwarding_state's, and for a moment after `kept`.
 */
struct conntrack_side {
	__u64 packets;
	__u64 bytes;
	__u32 generation;         /* 0: none */
	__u32 kept;               /* jiffies / 16 */
	__u32 from;               /* ifindex of the sender's device; from the overlay: the sending node's IPv4 address, network order */
	__u32 to;                 /* ifindex of the receiver's device; to the overlay: the receiving node's IPv4 address, network order */
	__u8 macs[12];            /* of the frame that the receiver gets, in the order of an Ethernet header */
	__u8 path;                /* enum conntrack_path */
	__u8 pad[3];
};

/* What every packet needs stands together: a row spreads over several cache lines. */
struct conntrack_entry {
	__u32 expires;            /* s, CLOCK_MONOTONIC */
	__u16 flags;              /* enum conntrack_flags */
	__u8 flags_initiator;     /* union of TCP flags seen: a new one makes a trace event */
	__u8 flags_responder;
	__u32 revision;           /* policy_state.revision of the verdicts */
	__u32 egress_rule;        /* that let it out of its local sender; 0: none or not local */
	__u32 ingress_rule;       /* that let it into its local receiver */
	__u32 initiator_identity; /* when the verdicts were made: another one now means deciding again */
	__u32 responder_identity;
	__u32 traced_initiator;   /* s: last trace event of this direction */
	__u32 traced_responder;
	__u32 drain_until;        /* s */
	__u16 service;            /* reverse translation, once services exist */
	__u16 pad;
	__u32 created;            /* s */
	struct conntrack_side initiator;
	struct conntrack_side responder;
};

/*
 * Map `forwarding_state`: array with one row. The agent writes another generation after any row of `endpoints`,
 * `endpoints_by_ifindex`, `ipcache`, `ipcache_prefixes` or `nodes` changed, after it raised policy_state.revision, and after the
 * programs were replaced.
 */
struct forwarding_state {
	__u32 generation;         /* any number that was not in use a moment ago; 0: no paths are kept */
	__u32 pad;
};

/*
 * Map `conntrack_counters`: per-CPU array with one row, written by BPF only. An LRU map does not say what it evicts: `created`
 * growing faster than connections end, and `mid_stream` with it, is what pressure looks like.
 */
struct conntrack_counters {
	__u64 created;            /* rows made where there was none */
	__u64 reused;             /* rows whose connection had ended or expired, taken over by a new one */
	__u64 mid_stream;         /* TCP connections first seen in the middle: evicted before, flushed, or older than the datapath */
	__u64 closed;             /* TCP connections closed by both sides or reset */
	__u64 insert_failed;      /* the map gave no row: the packet went on without one */
	__u64 evaluated_again;    /* after the policy or an identity changed */
	__u64 cut;                /* connections that a change of policy ended */
	__u64 related;            /* ICMP errors that belong to a connection */
};

#endif
