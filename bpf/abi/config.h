/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_ABI_CONFIG_H
#define WAGGLE_ABI_CONFIG_H

#include "address.h"

enum routing_mode {
	ROUTING_MODE_TUNNEL = 0, /* other nodes' pods are reached through VXLAN */
	ROUTING_MODE_NATIVE = 1, /* the underlay routes pod addresses */
};

/* What a denied sender is told. */
enum deny_response {
	DENY_RESPONSE_NONE  = 0, /* nothing: it runs into its timeout */
	DENY_RESPONSE_ICMP  = 1, /* ICMP "administratively prohibited" */
	DENY_RESPONSE_RESET = 2, /* TCP: a reset; others: as ICMP */
};

/* How much trace events of one connection are merged. Connections that are not tracked are as with LOW. */
enum trace_aggregation {
	TRACE_AGGREGATION_NONE    = 0, /* every packet at every point */
	TRACE_AGGREGATION_LOW     = 1, /* every packet, but not at the points FROM_*: where it goes says enough */
	TRACE_AGGREGATION_MEDIUM  = 2, /* as LOW, only: the first packet, TCP flags not seen before, once per trace_interval; each direction */
	TRACE_AGGREGATION_MAXIMUM = 3, /* as MEDIUM, without the interval */
};

/*
 * What differs per node, set by the loader in `.rodata` (variable `config`) before the program is loaded; the verifier
 * then removes the branches that are off. Changing it means loading the objects again and replacing the links. Every
 * program role has the same struct. Switches are 0 or 1.
 */
struct datapath_config {
	__u8 ipv4_enabled;
	__u8 ipv6_enabled;
	__u8 routing_mode;          /* enum routing_mode */
	__u8 source_check;          /* refuse packets from a pod that do not carry its own address */
	__u8 redirect_peer;         /* deliver with bpf_redirect_peer where the hook allows it */
	__u8 fib_redirect;          /* route natively in BPF (bpf_fib_lookup); 0: leave it to the stack */
	__u8 check_tunnel_source;   /* overlay: the outer source must be in `nodes` */
	__u8 masquerade_ipv4;       /* uplink: translate pods' sources when they leave the cluster */
	__u8 masquerade_ipv6;
	__u8 masquerade_to_nodes;   /* also towards node addresses (needed when nodes have no route back to pods: tunnel mode) */
	__u8 multicast_enabled;
	__u8 mcast_fast_leave;      /* IGMP/MLD leave takes effect at once (one host per veth); 0: marks, the agent queries */
	__u8 path_mtu_check;        /* answer packets too big for the path with ICMP fragmentation needed / packet too big */
	__u8 conntrack_enabled;
	__u8 policy_enabled;        /* needs conntrack_enabled */
	__u8 host_firewall;         /* policy of the node itself, too */

	__u32 overlay_ifindex;      /* cilium_vxlan; 0: there is none */
	__u32 host_ifindex;         /* cilium_host */
	__u32 uplink_ifindex;       /* the interface with the default route */
	__u32 cluster_id;
	__u8 host_mac[6];           /* of cilium_host */
	__u16 path_mtu_floor;       /* IP packets up to this many bytes are never checked against the path (1280 is safe) */

	struct address router_ipv4; /* source of ICMP errors made here, and the pods' gateway */
	struct address router_ipv6;
	struct address masquerade_address_ipv4; /* this node's address on the uplink */
	struct address masquerade_address_ipv6;
	struct address native_cidr_ipv4;  /* destinations inside are not masqueraded; v4-mapped */
	struct address native_cidr_ipv6;
	__u8 native_cidr_ipv4_length;     /* 0 ... 32; 0: no such prefix */
	__u8 native_cidr_ipv6_length;     /* 0 ... 128; 0: no such prefix */
	__u16 snat_port_min;              /* ports and ICMP ids used for translation: keep them apart from ip_local_port_range */
	__u16 snat_port_max;
	__u16 mcast_max_records;          /* group records accepted in one IGMPv3/MLDv2 report */
	__u16 mcast_max_sources;          /* sources of one filter; at most MCAST_MAX_SOURCES */
	__u16 mcast_max_groups;           /* groups that one endpoint may join */
	__u32 mcast_report_rate;          /* IGMP/MLD messages per second and endpoint; 0: no limit */
	__u32 mcast_report_burst;
	__u32 event_rate;                 /* drop and trace events per second and CPU; 0: none */
	__u32 event_burst;
	__u32 trace_points;               /* bit per enum trace_point: which ones make events */

	/*
	 * The prefixes this node's pods have addresses from. Only a hint on what to look up first: destinations inside are
	 * looked for among local endpoints, others in `ipcache`. Any pod may have any address.
	 */
	struct address local_cidr_ipv4;
	struct address local_cidr_ipv6;
	__u8 local_cidr_ipv4_length;      /* 0 ... 32; 0: local endpoints are always asked first */
	__u8 local_cidr_ipv6_length;      /* 0 ... 128 */
	__u8 allow_localhost;            /* this node reaches its own pods whatever their policy says (probes of the kubelet) */
	__u8 deny_response;              /* enum deny_response */
	__u8 trace_aggregation;          /* enum trace_aggregation */
	__u8 trace_flags;                /* TCP flags that make an event when they are new */
	__u8 debug;                      /* tell each step of each packet (enum debug_message) */
	__u8 pad1;

	/* Seconds without a packet after which a connection is forgotten. */
	__u32 ct_timeout_tcp;
	__u32 ct_timeout_tcp_syn;        /* no answer yet */
	__u32 ct_timeout_tcp_fin;        /* closed by both or reset */
	__u32 ct_timeout_any;            /* UDP, SCTP, ICMP */
	__u32 trace_interval;            /* s */
	__u16 tunnel_port;               /* UDP port of the overlay: no translation uses it; 0: none */
	__u16 pad2;
};

#endif
