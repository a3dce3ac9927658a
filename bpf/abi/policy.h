/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_ABI_POLICY_H
#define WAGGLE_ABI_POLICY_H

#include <linux/types.h>

/*
 * Compiled policy. A *subject* is what policy applies to: an identity (with the port names of its pods, should they differ). All
 * endpoints of a subject share its row; endpoint_info.policy_subject names it. Subjects to which the same rules apply in a
 * direction share one *table*, so cost is peers + ports, whatever the number of endpoints.
 *
 * Asked for (subject, direction, peer identity, protocol, port):
 *   1. `policy_subjects`: the side for the direction. Mode POLICY_MODE_OFF: allowed.
 *   2. `policy_peers` {table, identity}: the peer's class, and what it says about traffic that no port row matches.
 *      No row: the side's `other`.
 *   3. for each prefix length set in `prefixes`, longest first: `policy_rules` {table, class, protocol, port}: the first that is
 *      there decides.
 * The compiler has flattened unions and deny precedence, so the longest match is the verdict.
 *
 * Atomic: rows of a table that nobody uses yet are written first, then the subject's row is replaced as one, then
 * policy_state.revision is raised, then the old table's rows are deleted. A peer that appears later is one new row in
 * `policy_peers` (the rows of a class it is the first of are written before). Written by the agent only.
 *
 * Torn: the kernel gives the memory of a row that was replaced or deleted to the next row at once (hash maps since Linux 6.1), while a
 * program may still read it. So the agent raises policy_state.sequence in between, and a program asks again when policy_state is another
 * after its look-ups than before: it took its pointers while the rows were there, and what it read can only be another row if the
 * sequence had moved before.
 */
enum policy_mode {
	POLICY_MODE_OFF     = 0, /* no rule selects the subject in this direction */
	POLICY_MODE_ON      = 1,
	POLICY_MODE_AUDIT   = 2, /* as ON, but what would be denied passes and is told as "audit" */
};

enum policy_action {
	POLICY_ACTION_DENY     = 0,
	POLICY_ACTION_ALLOW    = 1,
	POLICY_ACTION_REDIRECT = 2, /* allowed, through the proxy port of the rule */
	POLICY_ACTION_AUDIT    = 3, /* only in events: would have been denied */
};

/* What the deciding rule looked at; numbers as Hubble publishes them (policy_match_type). */
enum policy_match {
	POLICY_MATCH_NONE       = 0, /* no rule: the default */
	POLICY_MATCH_L3_ONLY    = 1,
	POLICY_MATCH_L3_L4      = 2,
	POLICY_MATCH_L4_ONLY    = 3,
	POLICY_MATCH_ALL        = 4,
	POLICY_MATCH_L3_PROTO   = 5,
	POLICY_MATCH_PROTO_ONLY = 6,
};

/*
 * One decision in a byte: action in the low four bits, match in the high four. Beside each stands its *shadow*: what would hold
 * if the policies that are on trial (audit of a single policy) were in force; equal where none is.
 */
#define POLICY_DECISION(action, match) ((__u8)((action) | (match) << 4))
#define POLICY_DECISION_ACTION(decision) ((decision) & 0x0f)
#define POLICY_DECISION_MATCH(decision) ((decision) >> 4)

/* Bits of policy_peer.prefixes: 0 ... 16 for prefix lengths of ports; 24 and up for protocols that have rows at all. */
#define POLICY_PREFIXES_PROTOCOL_SHIFT 24
enum policy_protocol_bit {
	POLICY_PROTOCOL_TCP    = 24,
	POLICY_PROTOCOL_UDP    = 25,
	POLICY_PROTOCOL_SCTP   = 26,
	POLICY_PROTOCOL_ICMP   = 27,
	POLICY_PROTOCOL_ICMPV6 = 28,
	POLICY_PROTOCOL_OTHER  = 29, /* any other IP protocol; its rows have prefix length 0 */
};

/* Map `policy_peers`: hash, policy_peer_key -> policy_peer. */
struct policy_peer_key {
	__u32 table;
	__u32 identity;
};

struct policy_peer {
	__u32 rule;             /* that decides; index in `policy_counters`; 0: none (the default) */
	__u32 shadow_rule;
	__u32 prefixes;         /* which port rows the class has; 0: none, no further look-up */
	__u16 class;
	__u8 decision;          /* POLICY_DECISION, for traffic that no port row matches */
	__u8 shadow_decision;
};

/* Map `policy_rules`: hash, policy_rule_key -> policy_rule. */
struct policy_rule_key {
	__u32 table;
	__u16 class;
	__u8 protocol;          /* IP protocol number */
	__u8 prefix_length;     /* 0 ... 16 bits of `port` that count */
	__u16 port;             /* host order, bits past the prefix zero; ICMP and ICMPv6: the type (prefix_length 16) */
	__u16 pad;
};

struct policy_rule {
	__u32 rule;
	__u32 shadow_rule;
	__be16 proxy_port;      /* with POLICY_ACTION_REDIRECT */
	__u8 decision;
	__u8 shadow_decision;
};

struct policy_side {
	struct policy_peer other; /* peers without a row */
	__u32 table;
	__u8 mode;                /* enum policy_mode */
	__u8 pad[3];
};

/* What happens to established connections that a new revision denies. */
enum policy_on_deny {
	POLICY_ON_DENY_CUT   = 0, /* their packets are denied at once */
	POLICY_ON_DENY_DRAIN = 1, /* they go on until policy_subject.drain_seconds have passed since the change was seen */
	POLICY_ON_DENY_KEEP  = 2, /* they go on until they end */
};

/* Map `policy_subjects`: hash, subject (u32, 1 and up) -> policy_subject. Rows are replaced, never edited. */
struct policy_subject {
	struct policy_side ingress;
	struct policy_side egress;
	__u32 revision;           /* of the policy repository that it was compiled from; for people and `cilium policy wait` */
	__u16 drain_seconds;
	__u8 on_deny;             /* enum policy_on_deny */
	__u8 verdict_events;      /* 1: tell the verdict of each new connection */
};

/* Map `policy_state`: array with one row. */
struct policy_state {
	__u32 revision;           /* raised after any row changed so that an allowed connection might not be any more, or vice versa */
	__u32 sequence;           /* raised between a write that frees memory of rows and the next that may use it again, and before rows go */
};

/* Map `policy_counters`: per-CPU array, rule -> policy_counter. Written by BPF; zeroed by the agent before a number is used again. */
struct policy_counter {
	__u64 packets;
	__u64 bytes;
};

#endif
