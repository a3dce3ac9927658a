/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_NAT_RELATED_H
#define WAGGLE_LIB_NAT_RELATED_H

#include "masquerade.h"

/*
 * ICMP errors about translated packets. The quotation inside shows the packet as the sender of the error saw it, so the
 * flow's row is found by the quoted addresses, and the quotation is translated like the error itself. The quoted transport
 * checksum stays as it is: it is often cut off, and nobody verifies it.
 */
struct quotation {
	__u32 offset;          /* of the quoted IP header, from the start of the frame */
	__u32 transport;
	struct address source;
	struct address destination;
	__u8 protocol;
	__u8 pad[7];
};

INLINE int read_quotation(struct __sk_buff *skb, const struct flow *error, struct quotation *quotation, const bool ipv6)
{
	quotation->offset = error->offset + sizeof(struct icmp_header);
	if (ipv6) {
		struct ipv6hdr ip;

		if (bpf_skb_load_bytes(skb, quotation->offset, &ip, sizeof(ip)))
			return DROP(NAT_RELATED, INVALID_PACKET);
		__builtin_memcpy(&quotation->source, &ip.saddr, 16);
		__builtin_memcpy(&quotation->destination, &ip.daddr, 16);
		quotation->protocol = ip.nexthdr;
		quotation->transport = quotation->offset + sizeof(ip);
	} else {
		struct iphdr ip;

		if (bpf_skb_load_bytes(skb, quotation->offset, &ip, sizeof(ip)) || ip.ihl < 5)
			return DROP(NAT_RELATED, INVALID_PACKET);
		quotation->source = address_from_v4(ip.saddr);
		quotation->destination = address_from_v4(ip.daddr);
		quotation->protocol = ip.protocol;
		quotation->transport = quotation->offset + ip.ihl * 4;
	}
	return 0;
}

/* Translates the local address and port inside the quotation and the outer checksum with them. */
INLINE int rewrite_quotation(struct __sk_buff *skb, const struct flow *error, const struct quotation *quotation, const struct flow *quoted,
			     bool source, const struct address *to, __be16 port, const bool ipv6)
{
	const struct address *from = source ? &quotation->source : &quotation->destination;
	__u32 difference = address_difference(from, to, ipv6), checksum = error->offset + ICMP_CHECKSUM_OFFSET;
	__u32 field = quotation->offset + address_field(source, ipv6) - ETH_HLEN;

	if (bpf_l4_csum_replace(skb, checksum, quoted->local_port, port, sizeof(port)) ||
	    bpf_skb_store_bytes(skb, quotation->transport + quoted->local_port_offset, &port, sizeof(port), 0))
		return DROP(NAT_RELATED, ERROR_WRITING_TO_PACKET);
	/* IPv4: the quoted header's own checksum changes by the opposite amount, so the outer one stays. */
	if (ipv6 ? bpf_l4_csum_replace(skb, checksum, 0, difference, 0)
		 : bpf_l3_csum_replace(skb, quotation->offset + offsetof(struct iphdr, check), 0, difference, 0))
		return DROP(NAT_RELATED, ERROR_WRITING_TO_PACKET);
	return store_address(skb, field, to, ipv6) ? DROP(NAT_RELATED, ERROR_WRITING_TO_PACKET) : 0;
}

/*
 * `outgoing`: an error that a pod sends about a reply to it; else one that arrives about a packet of a pod. 0: translated,
 * with the pod's or node's address in `address`; 1: it belongs to no flow of ours.
 */
INLINE int translate_related(struct __sk_buff *skb, const struct packet *packet, const struct flow *error, struct address *address,
			     const bool outgoing, const bool ipv6)
{
	struct quotation quotation = {};
	struct flow quoted = {};
	struct nat_key key = {};
	struct nat_entry *entry;

	TRY(read_quotation(skb, error, &quotation, ipv6));
	/* The quoted packet went the other way than the error does. */
	TRY(read_transport(skb, &quoted, quotation.protocol, quotation.transport, !outgoing, ipv6));
	if (quoted.kind != FLOW_PORTS && quoted.kind != FLOW_ECHO)
		return 1;
	key.protocol = quotation.protocol;
	key.direction = outgoing ? NAT_OUT : NAT_IN;
	/* Outgoing: the quotation is remote → pod, the row pod → remote. Incoming: node → remote, the row remote → node. */
	key.source = quotation.destination;
	key.destination = quotation.source;
	key.source_port = outgoing ? quoted.local_port : quoted.remote_port;
	key.destination_port = outgoing ? quoted.remote_port : quoted.local_port;
	entry = bpf_map_lookup_elem(&snat, &key);
	if (!entry)
		return 1;
	*address = entry->address;
	TRY(rewrite_quotation(skb, error, &quotation, &quoted, !outgoing, address, entry->port, ipv6));
	return rewrite(skb, error, outgoing, outgoing ? &packet->source : &packet->destination, address, 0, ipv6);
}

#endif
