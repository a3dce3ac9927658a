/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_ABI_METRICS_H
#define WAGGLE_ABI_METRICS_H

#include <linux/types.h>

enum traffic_direction {
	TRAFFIC_DIRECTION_UNKNOWN = 0,
	TRAFFIC_DIRECTION_INGRESS = 1, /* towards a pod */
	TRAFFIC_DIRECTION_EGRESS  = 2, /* from a pod */
	TRAFFIC_DIRECTION_SERVICE = 3,
};

/*
 * Map `metrics`: per-CPU array, index = reason * 4 + direction -> metrics_entry. Reason 0 counts forwarded packets.
 * Written by BPF only.
 */
struct metrics_entry {
	__u64 packets;
	__u64 bytes;
};

/*
 * Map `metrics_sites`: per-CPU hash, metrics_site -> metrics_entry: the same counts for reasons other than 0, split by the
 * place in the source that decided. Written by BPF only.
 */
struct metrics_site {
	__u8 reason;     /* enum drop_reason */
	__u8 direction;  /* enum traffic_direction */
	__u16 file;      /* enum source_file */
	__u32 line;
};

/* Map `event_counters`: per-CPU array with one row. Written by BPF only. */
struct event_counters {
	__u64 sent;
	__u64 lost;      /* the ring buffer was full */
	__u64 limited;   /* more than datapath_config.event_rate */
};

/* The files that metrics_site.file and drop_event.file name. Numbers are never used again for another file. */
enum source_file {
	SOURCE_FILE_UNKNOWN   = 0,
	SOURCE_FILE_POD       = 1, /* progs/pod.bpf.c */
	SOURCE_FILE_OVERLAY   = 2, /* progs/overlay.bpf.c */
	SOURCE_FILE_HOST      = 3, /* progs/host.bpf.c */
	SOURCE_FILE_NETDEV    = 4, /* progs/netdev.bpf.c */
	SOURCE_FILE_FORWARD   = 5, /* lib/forward.h */
	SOURCE_FILE_NEIGHBOUR = 6, /* lib/neighbour.h */
	SOURCE_FILE_ICMP      = 7, /* lib/icmp_error.h */
	SOURCE_FILE_MULTICAST = 8, /* lib/multicast.h */
	SOURCE_FILE_SNOOP     = 9, /* lib/snoop.h */
	SOURCE_FILE_NAT       = 10, /* lib/nat.h */
	SOURCE_FILE_ENCAP     = 11, /* lib/encap.h */
	SOURCE_FILE_PARSE     = 12, /* lib/packet.h */
	SOURCE_FILE_TUPLE     = 13, /* lib/tuple.h */
	SOURCE_FILE_POLICY    = 14, /* lib/admit.h */
	SOURCE_FILE_MASQUERADE = 15, /* lib/masquerade.h */
	SOURCE_FILE_MEMBERSHIP = 16, /* lib/membership.h */
	SOURCE_FILE_MULTICAST_POLICY = 17, /* lib/multicast_policy.h */
	SOURCE_FILE_NAT_RELATED = 18, /* lib/nat_related.h */
	SOURCE_FILE_REPLICATE = 19, /* lib/replicate.h */
	SOURCE_FILE_REPORT = 20, /* lib/report.h */
	SOURCE_FILE_SHORTCUT = 21, /* lib/shortcut.h */
};

#endif
