/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_ABI_MULTICAST_H
#define WAGGLE_ABI_MULTICAST_H

#include "address.h"

/*
 * Who gets a datagram that was sent to a group. A *slot* is a small number that the agent gives to every local endpoint
 * and to every other node; a group's members are a bitmap of slots, so that replication walks set bits only.
 *
 * Memberships (bitmap + `mcast_joins` + `mcast_sources` + the count in `mcast_limits`) change only inside BPF: by snooping,
 * and by the program `mcast_control`, which user space runs with BPF_PROG_TEST_RUN. Nobody else writes those rows.
 */
#define MCAST_SLOTS 16384
#define MCAST_WORDS 256            /* MCAST_SLOTS / 64 */
#define MCAST_SUMMARY_WORDS 4      /* MCAST_WORDS / 64 */
#define MCAST_MAX_SOURCES 64

/*
 * Map `mcast_groups`: hash, group -> mcast_group. A row exists for a configured group. The agent (or `cilium bpf multicast
 * group add`) inserts it with BPF_NOEXIST, all zero but for `flags`, and deletes it; it must never overwrite one.
 */
enum group_flags {
	GROUP_MANAGED = 1, /* made by the agent from a resource: it goes with the resource. Others were made by hand and stay */
};

struct mcast_group_key {
	struct address group;
};

struct mcast_group {
	__u32 members;                         /* set bits in `words` */
	__u32 flags;                           /* enum group_flags */
	__u64 summary[MCAST_SUMMARY_WORDS];    /* bit w: words[w] is not zero */
	__u64 words[MCAST_WORDS];              /* bit s % 64 of words[s / 64]: slot s is a member */
};

/* Map `mcast_slots`: array, slot -> mcast_slot. Written by the agent only. */
enum slot_kind {
	SLOT_KIND_FREE   = 0,
	SLOT_KIND_LOCAL  = 1, /* an endpoint of this node */
	SLOT_KIND_REMOTE = 2, /* another node */
};

struct mcast_slot {
	__u32 kind;            /* enum slot_kind */
	__u32 ifindex;         /* local: host side of the veth */
	__u32 endpoint_id;     /* local: the endpoint; remote: the node id */
	__u32 identity;
	struct address ipv4;   /* local: the pod's addresses, for people; */
	struct address ipv6;   /* remote: unused */
	struct address tunnel; /* remote: underlay address of the node */
};

/*
 * Map `mcast_joins`: hash, (group, slot) -> mcast_join. One row for each member. Delivered packets are counted here.
 * Written by BPF only.
 */
struct mcast_join_key {
	struct address group;
	__u32 slot;
	__u32 pad;
};

enum membership_compat {
	MEMBERSHIP_COMPAT_STATIC = 0, /* made by mcast_control: never ages */
	MEMBERSHIP_COMPAT_IGMP1  = 1,
	MEMBERSHIP_COMPAT_IGMP2  = 2,
	MEMBERSHIP_COMPAT_IGMP3  = 3,
	MEMBERSHIP_COMPAT_MLD1   = 4,
	MEMBERSHIP_COMPAT_MLD2   = 5,
};

enum filter_mode {
	FILTER_MODE_EXCLUDE = 0, /* everybody but the listed sources; an empty list is the plain any-source join */
	FILTER_MODE_INCLUDE = 1, /* the listed sources only */
};

enum join_flags {
	JOIN_LEAVING = 1, /* asked to leave, not yet removed (mcast_fast_leave off); a report takes it away */
};

struct mcast_join {
	__u64 last_report;   /* ns, CLOCK_MONOTONIC */
	__u64 joined;        /* ns, CLOCK_MONOTONIC */
	__u64 packets;       /* copies delivered to this member */
	__u64 bytes;         /* IP bytes of those */
	__u8 compat;         /* enum membership_compat */
	__u8 filter_mode;    /* enum filter_mode */
	__u8 flags;          /* enum join_flags */
	__u8 pad;
	__u32 sources;       /* rows in the list of `mcast_sources`; 0: there is none */
};

/* Map `mcast_sources`: hash, the key of the join -> its source list. Replaced as a whole, by BPF only. */
struct mcast_source_list {
	__u32 count;
	__u32 pad;
	struct address sources[MCAST_MAX_SOURCES];
};

/* Map `mcast_senders`: LRU hash, (group, sender) -> mcast_sender: what local endpoints and this node sent. Written by BPF only. */
struct mcast_sender_key {
	struct address group;
	struct address source;
};

struct mcast_sender {
	__u64 packets;
	__u64 bytes;         /* IP bytes */
	__u64 last;          /* ns, CLOCK_MONOTONIC, coarse */
	__u32 endpoint_id;   /* 0: this node */
	__u32 identity;
};

/* Map `mcast_unconfigured`: LRU hash, group -> mcast_unconfigured: groups that endpoints use but nobody configured. Written by BPF only. */
struct mcast_unconfigured {
	__u64 packets;
	__u64 bytes;
	__u64 reports;       /* IGMP/MLD records that asked for it */
	__u64 last;          /* ns, CLOCK_MONOTONIC */
	__u32 endpoint_id;   /* the last one that used it */
	__u32 pad;
};

/* Map `mcast_limits`: array, slot -> mcast_limit. Written by BPF; the agent zeroes a row before it gives the slot away. */
struct mcast_limit {
	__u64 last_refill;   /* ns, CLOCK_MONOTONIC */
	__u32 tokens;        /* thousandths of a message */
	__u32 groups;        /* joined now */
};

/*
 * Map `mcast_fan_outs`: hash, group -> mcast_fan_out: local members that one packet reaches together, without a clone for each
 * (fan_out.bpf.c). A cache that the agent keeps for groups with many members: the datapath asks every member's filter first
 * and uses the list only if all in it want the packet. A row that is missing or old costs speed, never a copy. Written by
 * the agent only, as a whole.
 */
struct mcast_fan_out {
	__u32 ifindex;         /* device whose ingress program sends to the list */
	__u32 list;            /* number of the list there; a changed list has another number */
	__u32 members;         /* set bits in `words` = devices in the list */
	__u32 max_length;      /* of a frame: longer ones are cloned */
	__u64 words[MCAST_WORDS];
};

/*
 * Argument and result of the program `mcast_control` (object multicast_control): run it with BPF_PROG_TEST_RUN on a packet
 * of MCAST_CONTROL_OFFSET zero bytes followed by this struct; the same bytes come back with `result` filled in. For
 * MCAST_CONTROL_OP_JOIN_SOURCES a whole struct mcast_source_list follows; its count is 1 to MCAST_MAX_SOURCES.
 */
#define MCAST_CONTROL_OFFSET 64

enum mcast_control_op {
	MCAST_CONTROL_OP_JOIN  = 1, /* make (group, slot) a member, static; no error if it is one already (its compat becomes static) */
	MCAST_CONTROL_OP_LEAVE = 2, /* remove it, whoever made it; for a group that is gone, only its rows */
	MCAST_CONTROL_OP_EXPIRE = 3, /* LEAVE if not static and last_report <= not_after, decided at this moment */
	MCAST_CONTROL_OP_JOIN_SOURCES = 4, /* JOIN, for the sources listed behind the argument only (FILTER_MODE_INCLUDE) */
};

enum mcast_control_result {
	MCAST_CONTROL_RESULT_NONE      = 0, /* the program did not run or refused the packet */
	MCAST_CONTROL_RESULT_DONE      = 1, /* membership changed */
	MCAST_CONTROL_RESULT_UNCHANGED = 2, /* already so */
	MCAST_CONTROL_RESULT_NO_GROUP  = 3, /* the group is not configured */
	MCAST_CONTROL_RESULT_BAD_SLOT  = 4, /* slot out of range */
	MCAST_CONTROL_RESULT_FULL      = 5, /* a membership map is full */
	MCAST_CONTROL_RESULT_FRESH     = 6, /* EXPIRE: reported since, or static */
};

struct mcast_control_args {
	__u32 op;            /* enum mcast_control_op */
	__u32 result;        /* enum mcast_control_result */
	struct address group;
	__u32 slot;
	__u32 pad;
	__u64 not_after;     /* EXPIRE; ns, CLOCK_MONOTONIC */
};

#endif
