/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_NEIGHBOUR_H
#define WAGGLE_LIB_NEIGHBOUR_H

#include "checksum.h"
#include "drop.h"
#include "icmp.h"
#include "packet.h"

/* A verdict of its own, above every TC_ACT_*: leave it to the stack. */
#define LINK_CONTROL_TO_STACK 1000
#define ND_OPTION_TARGET_ADDRESS 2
#define ND_FLAGS_SOLICITED_OVERRIDE 0x60000000

#define ARP_HARDWARE_ETHERNET 1
#define ARP_REQUEST 1
#define ARP_REPLY 2

/* Ethernet/IPv4 ARP (RFC 826). */
struct arp_ethernet {
	__be16 hardware, protocol;
	__u8 hardware_length, protocol_length;
	__be16 operation;
	__u8 sender_mac[6];
	__u8 sender_ip[4];
	__u8 target_mac[6];
	__u8 target_ip[4];
};

struct nd_message {
	__u8 type, code;
	__be16 checksum;
	__be32 flags;
	struct address target;
	__u8 option_type, option_length;
	__u8 option_mac[6];
};

#define ND_OFFSET (ETH_HLEN + sizeof(struct ipv6hdr))

INLINE struct arp_ethernet *parse_arp(struct __sk_buff *skb)
{
	void *data = pull(skb, ETH_HLEN + sizeof(struct arp_ethernet));
	struct arp_ethernet *arp;

	if (!data)
		return NULL;
	arp = data + ETH_HLEN;
	if (arp->hardware != bpf_htons(ARP_HARDWARE_ETHERNET) || arp->protocol != bpf_htons(ETH_P_IP) || arp->hardware_length != 6 ||
	    arp->protocol_length != 4)
		return NULL;
	return arp;
}

/*
 * Answers an ARP request: everything behind this device is reached through `mac`. The frame goes back where it came from
 * with `flags` (0, or BPF_F_INGRESS from an egress hook). `own` is the asker's own address: a request for that is an
 * address conflict probe and gets no answer.
 */
INLINE int answer_arp(struct __sk_buff *skb, const __u8 *mac, __be32 own, __u64 flags)
{
	struct arp_ethernet *arp = parse_arp(skb);
	struct ethhdr *eth = packet_data(skb);
	__be32 target, sender;

	if (!arp || (void *)(arp + 1) > packet_end(skb))
		return DROP(NEIGHBOUR, INVALID_PACKET);
	__builtin_memcpy(&target, arp->target_ip, 4);
	__builtin_memcpy(&sender, arp->sender_ip, 4);
	if (own && sender && sender != own)
		return DROP(NEIGHBOUR, INVALID_SOURCE_IP);
	if (arp->operation != bpf_htons(ARP_REQUEST))
		return TC_ACT_OK; /* the answer to a question of our own stack */
	if (target == own || target == sender)
		return DROP(NEIGHBOUR, NEIGHBOUR_HANDLED);

	arp->operation = bpf_htons(ARP_REPLY);
	__builtin_memcpy(arp->target_mac, arp->sender_mac, 6);
	__builtin_memcpy(arp->target_ip, &sender, 4);
	__builtin_memcpy(arp->sender_mac, mac, 6);
	__builtin_memcpy(arp->sender_ip, &target, 4);
	__builtin_memcpy(eth->h_dest, eth->h_source, 6);
	__builtin_memcpy(eth->h_source, mac, 6);
	count_verdict(skb, DROP(NEIGHBOUR, NEIGHBOUR_HANDLED), TRAFFIC_DIRECTION_EGRESS);
	return bpf_redirect(skb->ifindex, flags);
}

/* Turns the neighbour solicitation in `skb` into the advertisement of `mac` for its target (RFC 4861 7.2.4). */
INLINE int answer_solicitation(struct __sk_buff *skb, const __u8 *mac, const struct address *own, __u64 flags)
{
	struct address target, asker;
	struct nd_message *nd;
	struct ipv6hdr *ip;
	struct ethhdr *eth;
	__u8 asker_mac[6];
	__u32 sum;

	eth = pull(skb, ND_OFFSET + offsetof(struct nd_message, option_type));
	if (!eth)
		return DROP(NEIGHBOUR, INVALID_PACKET);
	ip = (void *)eth + ETH_HLEN;
	nd = (void *)eth + ND_OFFSET;
	/* RFC 4861 7.1.1: what a valid solicitation looks like. */
	if (nd->code || ip->hop_limit != 255)
		return DROP(NEIGHBOUR, INVALID_PACKET);
	__builtin_memcpy(&target, &nd->target, sizeof(target));
	__builtin_memcpy(&asker, &ip->saddr, sizeof(asker));
	__builtin_memcpy(asker_mac, eth->h_source, 6);
	if (address_is_multicast(&target, true))
		return DROP(NEIGHBOUR, INVALID_PACKET);
	/* Duplicate address detection, of its own address or another: nobody else is on this link. */
	if (address_is_zero(&asker) || address_equal(&target, own) || address_equal(&target, &asker))
		return DROP(NEIGHBOUR, NEIGHBOUR_HANDLED);

	if (bpf_skb_change_tail(skb, ND_OFFSET + sizeof(*nd), 0))
		return DROP(NEIGHBOUR, ERROR_WRITING_TO_PACKET);
	eth = pull(skb, ND_OFFSET + sizeof(*nd));
	if (!eth)
		return DROP(NEIGHBOUR, ERROR_WRITING_TO_PACKET);
	ip = (void *)eth + ETH_HLEN;
	nd = (void *)eth + ND_OFFSET;
	__builtin_memcpy(eth->h_dest, asker_mac, 6);
	__builtin_memcpy(eth->h_source, mac, 6);
	ip->payload_len = bpf_htons(sizeof(*nd));
	ip->hop_limit = 255;
	__builtin_memcpy(&ip->saddr, &target, sizeof(target));
	__builtin_memcpy(&ip->daddr, &asker, sizeof(asker));
	nd->type = ND_NEIGHBOUR_ADVERTISEMENT;
	nd->checksum = 0;
	nd->flags = bpf_htonl(ND_FLAGS_SOLICITED_OVERRIDE);
	nd->option_type = ND_OPTION_TARGET_ADDRESS;
	nd->option_length = 1;
	__builtin_memcpy(nd->option_mac, mac, 6);
	sum = checksum_pseudo(&target, &asker, sizeof(*nd), IPPROTO_ICMPV6, true);
	sum = bpf_csum_diff(NULL, 0, (__be32 *)nd, sizeof(*nd), sum);
	nd->checksum = checksum_fold(sum);
	count_verdict(skb, DROP(NEIGHBOUR, NEIGHBOUR_HANDLED), TRAFFIC_DIRECTION_EGRESS);
	return bpf_redirect(skb->ifindex, flags);
}

#endif
