/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_MULTICAST_WORK_H
#define WAGGLE_LIB_MULTICAST_WORK_H

#include "maps_multicast.h"

#define NO_SLOT 0xffffffff

/*
 * Loop state lives in memory of the CPU, never on the stack: kernels before 6.7 verify the body of bpf_loop() once, with
 * what is on the stack at the start, and would take a variable that begins as 0 for the constant 0 and delete the branch.
 * Map memory is unknown to every verifier. Programs run with bottom halves off and the hooks that use this do not nest.
 */
/* A group record of a report; in work memory as it would crowd the stack. */
struct record {
	struct mcast_join_key key;
	__u32 sources_offset;
	__u16 sources;
	__u8 type;
	__u8 compat;
};

struct mcast_work {
	/* replicate.h: the datagram */
	struct address group;
	struct address source;
	__u32 bytes;
	__u32 sender_slot;
	__u32 identity;        /* for tunnels */
	bool local_only;
	bool ipv6;
	__u8 protocol;         /* multicast_policy.h: what the datagram is */
	bool ports_unknown;
	__u16 port;
	__u8 walk;             /* enum walk of replicate.h */
	__u8 pad;
	/* the walk over the bitmap */
	__u64 bits;            /* of the current word, not yet visited */
	__u64 summary;         /* of the current summary word, not yet visited */
	__u32 word;
	__u32 summary_word;    /* the next one */
	__u32 pending;         /* slot whose copy waits, so that the last one can take the packet itself; or NO_SLOT */
	__u32 listed;          /* members of the fan-out's list that want the packet */
	struct trail told;     /* what is said of one copy: fields that stay 0 are not known of a group */
	__u32 filter_mode;     /* for join_group */
	/* snoop.h, report.h */
	__u32 offset;          /* of the next record or checksum chunk, from the start of the frame */
	__u32 end;             /* of the message */
	__u32 sum;
	__u32 slot;
	__u32 joined;
	__u32 handled;
	__s32 refusal;         /* verdict of the first record that was refused, 0: none */
	__s32 broken;          /* verdict that ends the whole report */
	struct record record;
	struct mcast_join fresh;
	__u64 summaries[MCAST_SUMMARY_WORDS]; /* as the first walk found them */
	__u64 wanted[MCAST_WORDS];         /* members of the fan-out's list that want the packet, in the words of `summaries` */
	struct mcast_source_list incoming; /* sources of the record at hand */
	struct mcast_source_list list;     /* the filter being put together */
	__be32 raw[MCAST_MAX_SOURCES];     /* IPv4 sources as they stand in the packet */
};

/* Private to each CPU, empty between packets, not pinned. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mcast_work);
} mcast_work_area SEC(".maps");

INLINE struct mcast_work *get_work(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&mcast_work_area, &zero);
}

#endif
