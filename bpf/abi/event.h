/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_ABI_EVENT_H
#define WAGGLE_ABI_EVENT_H

#include "address.h"

/*
 * Map `events`: ring buffer of the records below; written by BPF, read by one consumer. A record starts with event_header;
 * `type` says which struct it is. Losses are counted in `event_counters`.
 */
enum event_type {
	EVENT_TYPE_DROP       = 1, /* drop_event */
	EVENT_TYPE_DEBUG      = 2, /* debug_event; only with config.debug, and never rate limited */
	EVENT_TYPE_TRACE      = 4, /* trace_event */
	EVENT_TYPE_VERDICT    = 5, /* verdict_event */
	EVENT_TYPE_MEMBERSHIP = 64, /* membership_event; never rate limited */
};

#define EVENT_VERSION 2
#define EVENT_CAPTURE_MAX 128

struct event_header {
	__u8 type;                   /* enum event_type */
	__u8 version;                /* EVENT_VERSION */
	__u16 length;                /* bytes of the whole record */
	__u32 cpu;
	__u64 timestamp;             /* ns, CLOCK_MONOTONIC */
	__u32 ifindex;               /* device of the hook */
	__u32 endpoint_id;           /* local endpoint concerned; 0: none */
	__u32 source_identity;       /* 0: not known at this place */
	__u32 destination_identity;
};

/* The start of the packet, from the Ethernet header on. */
struct packet_capture {
	__u32 packet_length;
	__u32 captured;              /* bytes of `data` that are valid */
	__u8 data[EVENT_CAPTURE_MAX];
};

struct drop_event {
	struct event_header header;
	__u8 reason;                 /* enum drop_reason */
	__u8 direction;              /* enum traffic_direction */
	__u16 file;                  /* enum source_file */
	__u32 line;
	struct packet_capture packet;
	__u32 rule;                  /* that denied it; 0: none, or no matter of policy */
	__u32 pad;
};

/* Numbers as in Hubble's trace sub-types. */
enum trace_point {
	TRACE_POINT_TO_ENDPOINT   = 0,
	TRACE_POINT_TO_PROXY      = 1,
	TRACE_POINT_TO_HOST       = 2,
	TRACE_POINT_TO_STACK      = 3,
	TRACE_POINT_TO_OVERLAY    = 4,
	TRACE_POINT_FROM_ENDPOINT = 5,
	TRACE_POINT_FROM_PROXY    = 6,
	TRACE_POINT_FROM_HOST     = 7,
	TRACE_POINT_FROM_STACK    = 8,
	TRACE_POINT_FROM_OVERLAY  = 9,
	TRACE_POINT_FROM_NETWORK  = 10,
	TRACE_POINT_TO_NETWORK    = 11,
};

/* What connection tracking says about a packet; numbers as Hubble publishes them. */
enum trace_reason {
	TRACE_REASON_UNKNOWN     = 0, /* not tracked, or not looked up at this place: then nothing is known about is_reply either */
	TRACE_REASON_NEW         = 1,
	TRACE_REASON_ESTABLISHED = 2,
	TRACE_REASON_REPLY       = 3,
	TRACE_REASON_RELATED     = 4, /* ICMP error about a packet of a connection */
};

struct trace_event {
	struct event_header header;
	__u8 point;                  /* enum trace_point */
	__u8 reason;                 /* enum trace_reason */
	__u8 is_reply;               /* 1: from the end that did not open the connection */
	__u8 pad;
	__u32 target_ifindex;        /* where it goes; 0: the stack, or not decided here */
	struct packet_capture packet;
};

/* What policy said about the first packet of a connection, or about one that it was asked again for. */
struct verdict_event {
	struct event_header header;
	__u32 rule;                  /* that decides; 0: the default */
	__u32 shadow_rule;           /* the same, were the policies on trial in force */
	__u32 remote_identity;
	__u16 destination_port;      /* host order; ICMP: the type */
	__be16 proxy_port;
	__u8 protocol;
	__u8 direction;              /* enum traffic_direction, of the local endpoint */
	__u8 action;                 /* enum policy_action */
	__u8 match;                  /* enum policy_match */
	__u8 shadow_action;
	__u8 shadow_match;
	__u8 ipv6;
	__u8 pad;
	struct packet_capture packet;
};

/* What a step of the programs did; numbers and arguments as Hubble publishes them. Addresses are their last four bytes. */
enum debug_message {
	DEBUG_MESSAGE_LOCAL_DELIVERY    = 2,  /* endpoint, source identity */
	DEBUG_MESSAGE_ENCAP             = 3,  /* node's address, host order; source identity */
	DEBUG_MESSAGE_POLICY_DENIED     = 5,  /* source and destination identity */
	DEBUG_MESSAGE_CT_VERDICT        = 15, /* 0 new, 1 established, 2 reply, 3 related */
	DEBUG_MESSAGE_DECAP             = 16, /* tunnel's network identifier */
	DEBUG_MESSAGE_TO_HOST           = 19,
	DEBUG_MESSAGE_TO_STACK          = 20,
	DEBUG_MESSAGE_CT_LOOKUP4_1      = 48, /* source, destination, destination port << 16 | source port */
	DEBUG_MESSAGE_CT_LOOKUP4_2      = 49, /* protocol << 8 | enum tuple_kind */
	DEBUG_MESSAGE_CT_CREATED4       = 50, /* -, source identity */
	DEBUG_MESSAGE_CT_LOOKUP6_1      = 51,
	DEBUG_MESSAGE_CT_LOOKUP6_2      = 52,
	DEBUG_MESSAGE_CT_CREATED6       = 53,
	DEBUG_MESSAGE_L4_CREATE         = 55, /* source and destination identity, destination port (network order) << 16 | protocol */
	DEBUG_MESSAGE_IP_ID_MAP_FAILED4 = 56, /* address */
	DEBUG_MESSAGE_IP_ID_MAP_FAILED6 = 57,
	DEBUG_MESSAGE_IP_ID_MAP_SUCCEED4 = 58, /* address, identity */
	DEBUG_MESSAGE_IP_ID_MAP_SUCCEED6 = 59,
};

struct debug_event {
	struct event_header header;
	__u32 hash;                  /* of the packet's flow: what belongs together */
	__u32 arg1;
	__u32 arg2;
	__u32 arg3;
	__u8 message;                /* enum debug_message */
	__u8 pad[7];
};

/*
 * Map `trace_state`: array with one row, written by the agent when the first onlooker comes and the last one leaves. The programs need
 * not be replaced for it.
 */
struct trace_state {
	__u32 paused;                /* 1: nobody looks at trace events, none are made; connections go on as if they were */
	__u32 pad;
};

/*
 * Map `event_account`: array with one row, written by the agent: how much of what event_counters says is missing was told to readers.
 * What was lost while no agent ran is told by the next one.
 */
struct event_account {
	__u64 told;                  /* of lost and limited, all CPUs together */
	__u32 counters;              /* kernel's id of the map event_counters that is meant */
	__u32 pad;
};

enum membership_change {
	MEMBERSHIP_CHANGE_JOIN    = 1, /* first report of this endpoint for this group */
	MEMBERSHIP_CHANGE_LEAVE   = 2, /* removed */
	MEMBERSHIP_CHANGE_FILTER  = 3, /* same membership, other sources */
	MEMBERSHIP_CHANGE_LEAVING = 4, /* asked to leave; somebody has to query (mcast_fast_leave off) */
};

struct membership_event {
	struct event_header header;
	struct address group;
	__u32 slot;
	__u8 change;                 /* enum membership_change */
	__u8 compat;                 /* enum membership_compat */
	__u8 filter_mode;            /* enum filter_mode */
	__u8 pad;
};

#endif
