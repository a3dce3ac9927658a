// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The product's pod program, which stops after a stage: what a stage costs is the difference between two neighbours. It is the
 * product's source itself; the marks STAGE(name) in it, which mean nothing there, return here.
 */
#include "../../bpf/lib/common.h"

/* Instead of the product's header. */
#define WAGGLE_LIB_STAGE_H
#define STAGE(name) do { if (stop_after == STAGE_##name) return TC_ACT_OK; } while (0)

/* In the order in which a packet passes them; Stage.cs has the same. */
enum stage {
	STAGE_NONE,
	STAGE_ENTER,         /* the program as such */
	STAGE_SENDER,        /* who sends: endpoints_by_ifindex */
	STAGE_PARSE,         /* IP header */
	STAGE_SOURCE_CHECK,  /* own address only; neither IGMP nor multicast nor broadcast */
	STAGE_COUNT,         /* counter of what pods send */
	STAGE_REMOTE_LOOKUP, /* ipcache; for addresses that are not of this node's prefix */
	STAGE_LOCAL_LOOKUP,  /* endpoints; for the others */
};

/* enum stage; set before loading. */
const volatile __u32 stop_after = STAGE_NONE;

#include "../../bpf/progs/pod.bpf.c"
