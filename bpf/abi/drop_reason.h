/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_ABI_DROP_REASON_H
#define WAGGLE_ABI_DROP_REASON_H

/*
 * Why a packet did not go on. 130 ... 204 are the numbers that Hubble's API publishes, used where the meaning is the same;
 * 230 and up are ours. "Handled" reasons mark packets that were consumed because they did their work: they are counted,
 * but are no drops and make no drop event.
 */
enum drop_reason {
	DROP_REASON_NONE                     = 0,   /* forwarded */
	DROP_REASON_INVALID_SOURCE_MAC       = 130,
	DROP_REASON_INVALID_SOURCE_IP        = 132, /* a pod may send from its own addresses only */
	DROP_REASON_POLICY_DENIED            = 133, /* no rule allows it */
	DROP_REASON_INVALID_PACKET           = 134, /* truncated or contradictory headers */
	DROP_REASON_UNSUPPORTED_L3_PROTOCOL  = 139, /* the family is switched off on this node */
	DROP_REASON_ERROR_WRITING_TO_PACKET  = 141,
	DROP_REASON_UNKNOWN_L4_PROTOCOL      = 142,
	DROP_REASON_NO_TUNNEL_KEY            = 147,
	DROP_REASON_UNROUTABLE               = 151, /* cluster address that nobody has */
	DROP_REASON_INVALID_EXTENSION_HEADER = 156,
	DROP_REASON_FRAGMENT_UNSUPPORTED     = 157,
	DROP_REASON_NO_TUNNEL_ENDPOINT       = 160,
	DROP_REASON_UNSUPPORTED_L2_PROTOCOL  = 166,
	DROP_REASON_NO_NAT_MAPPING           = 167, /* no free port for masquerading */
	DROP_REASON_UNSUPPORTED_NAT_PROTOCOL = 168,
	DROP_REASON_FIB_LOOKUP_FAILED        = 169,
	DROP_REASON_TUNNEL_PROHIBITED        = 170, /* encapsulated packet from an address that is no node of ours */
	DROP_REASON_INVALID_IDENTITY         = 171, /* the sender claims an identity that never travels */
	DROP_REASON_UNKNOWN_SENDER           = 172, /* device without an endpoint row */
	DROP_REASON_FRAGMENT_NOT_FOUND       = 175, /* later fragment whose first one was not seen */
	DROP_REASON_FORBIDDEN_ICMPV6         = 176, /* router advertisement, redirect from a pod */
	DROP_REASON_POLICY_DENY              = 181, /* a rule denies it */
	DROP_REASON_INVALID_VNI              = 183,
	DROP_REASON_TTL_EXCEEDED             = 196,
	DROP_REASON_IGMP_HANDLED             = 199, /* handled: IGMP/MLD message that changed nothing or left a group */
	DROP_REASON_IGMP_SUBSCRIBED          = 200, /* handled: IGMP/MLD message that joined a group */
	DROP_REASON_MULTICAST_HANDLED        = 201, /* handled: replicated */

	DROP_REASON_MULTICAST_DISABLED       = 230, /* multicast data or report while multicast is switched off */
	DROP_REASON_MULTICAST_UNCONFIGURED   = 231, /* data for, or report of, a group that is not configured */
	DROP_REASON_MULTICAST_NO_MEMBERS     = 232, /* handled: configured group that nobody joined */
	DROP_REASON_MULTICAST_LINK_LOCAL     = 233, /* data for a link-local group (224.0.0.0/24, ff02::/16): never forwarded */
	DROP_REASON_MULTICAST_FORBIDDEN      = 234, /* the endpoint may not use multicast */
	DROP_REASON_MULTICAST_BAD_SOURCE     = 235, /* multicast or unspecified source address */
	DROP_REASON_IGMP_TRUNCATED           = 236, /* report shorter than it says */
	DROP_REASON_IGMP_CHECKSUM            = 237,
	DROP_REASON_IGMP_UNKNOWN_TYPE        = 238,
	DROP_REASON_IGMP_TOO_MANY_RECORDS    = 239,
	DROP_REASON_IGMP_TOO_MANY_SOURCES    = 240,
	DROP_REASON_IGMP_NOT_A_GROUP         = 241, /* a record names an address that is not multicast */
	DROP_REASON_IGMP_LINK_LOCAL_GROUP    = 242, /* handled: link-local groups need no membership */
	DROP_REASON_IGMP_QUERY_FROM_POD      = 243,
	DROP_REASON_IGMP_RATE_LIMITED        = 244,
	DROP_REASON_IGMP_TOO_MANY_GROUPS     = 245, /* the endpoint's limit */
	DROP_REASON_IGMP_TABLE_FULL          = 246, /* a membership map is full */
	DROP_REASON_IGMP_HOP_LIMIT           = 247, /* IGMP/MLD with a TTL other than 1 comes from elsewhere */
	DROP_REASON_MLD_BAD_SOURCE           = 248, /* MLD must come from a link-local address or :: */
	DROP_REASON_NEIGHBOUR_HANDLED        = 249, /* handled: ARP request or neighbour solicitation answered */
	DROP_REASON_PATH_MTU_HANDLED         = 250, /* handled: too big for the path, sender was told */
	DROP_REASON_COPY_FAILED              = 251, /* a multicast copy could not be sent */
	DROP_REASON_BROADCAST                = 252, /* IPv4 broadcast from a pod goes nowhere */
	DROP_REASON_LINK_LOCAL_HANDLED       = 253, /* handled: what the node's stack says to link-local groups on cilium_host, where nobody else is */
};

#endif
