// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Records packets, before the programs that forward see them. Attached in front of those, on each pod's device and the node's own,
 * for as long as somebody records; otherwise neither these programs nor their maps exist. A packet is taken where it comes in: from
 * a pod (`capture_in` on its device), from other nodes and the network (on the overlay and the uplink), from the node's own stack
 * (`capture_out`, everywhere, for what was made on this node).
 */
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

#include "../abi/capture.h"
#include "../lib/address.h"
#include "../lib/common.h"
#include "../lib/mark.h"

#define EXTENSION_HEADERS 6
#define FRAGMENT_HEADER 44

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CAPTURE_RULES);
	__type(key, __u32);
	__type(value, struct capture_rule);
} capture_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct capture_control);
} capture_control SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} captures SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct capture_losses);
} capture_losses SEC(".maps");

struct capture_packet {
	struct address source;
	struct address destination;
	__u16 source_port;
	__u16 destination_port;
	__u8 protocol;
	__u8 pad[3];
};

INLINE void read_ports(struct __sk_buff *skb, struct capture_packet *packet, __u32 offset)
{
	__be16 ports[2];

	if (packet->protocol != IPPROTO_TCP && packet->protocol != IPPROTO_UDP && packet->protocol != IPPROTO_SCTP)
		return;
	if (bpf_skb_load_bytes(skb, offset, ports, sizeof(ports)))
		return;
	packet->source_port = bpf_ntohs(ports[0]);
	packet->destination_port = bpf_ntohs(ports[1]);
}

INLINE bool parse_ipv4(struct __sk_buff *skb, struct capture_packet *packet)
{
	struct iphdr ip;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)))
		return false;
	packet->source = address_from_v4(ip.saddr);
	packet->destination = address_from_v4(ip.daddr);
	packet->protocol = ip.protocol;
	/* Only a datagram's first fragment has ports. */
	if (!(ip.frag_off & bpf_htons(0x1fff)))
		read_ports(skb, packet, ETH_HLEN + ip.ihl * 4);
	return true;
}

INLINE bool parse_ipv6(struct __sk_buff *skb, struct capture_packet *packet)
{
	struct { __u8 next, length; __be16 fragment; __be32 id; } extension;
	__u32 offset = ETH_HLEN + sizeof(struct ipv6hdr);
	struct ipv6hdr ip;
	__u8 next;
	int i;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)))
		return false;
	__builtin_memcpy(&packet->source, &ip.saddr, sizeof(packet->source));
	__builtin_memcpy(&packet->destination, &ip.daddr, sizeof(packet->destination));
	next = ip.nexthdr;
	for (i = 0; i < EXTENSION_HEADERS; i++) {
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS && next != FRAGMENT_HEADER)
			break;
		if (bpf_skb_load_bytes(skb, offset, &extension, sizeof(extension)))
			break;
		offset += next == FRAGMENT_HEADER ? sizeof(extension) : (extension.length + 1) * 8;
		if (next == FRAGMENT_HEADER && extension.fragment & bpf_htons(0xfff8)) {
			packet->protocol = extension.next;
			return true;
		}
		next = extension.next;
	}
	packet->protocol = next;
	read_ports(skb, packet, offset);
	return true;
}

INLINE bool matches(const struct capture_rule *rule, const struct capture_packet *packet)
{
	return (!rule->protocol || rule->protocol == packet->protocol) &&
	       (!rule->source_port || rule->source_port == packet->source_port) &&
	       (!rule->destination_port || rule->destination_port == packet->destination_port) &&
	       address_in_prefix(&packet->source, &rule->source, rule->source_length) &&
	       address_in_prefix(&packet->destination, &rule->destination, rule->destination_length);
}

NOINLINE int is_wanted(struct __sk_buff *skb, __u32 rules)
{
	struct capture_packet packet = {};
	__u32 i;

	switch (skb->protocol) {
	case bpf_htons(ETH_P_IP):
		if (!parse_ipv4(skb, &packet))
			return false;
		break;
	case bpf_htons(ETH_P_IPV6):
		if (!parse_ipv6(skb, &packet))
			return false;
		break;
	default:
		return false;
	}
	for (i = 0; i < CAPTURE_RULES; i++) {
		__u32 row = i;
		const struct capture_rule *rule;

		if (i >= rules)
			break;
		rule = bpf_map_lookup_elem(&capture_rules, &row);
		if (rule && matches(rule, &packet))
			return true;
	}
	return false;
}

NOINLINE int count_loss(__u32 bytes)
{
	__u32 zero = 0;
	struct capture_losses *losses = bpf_map_lookup_elem(&capture_losses, &zero);

	if (losses) {
		losses->packets++;
		losses->bytes += bytes;
	}
	return 0;
}

/* The ring buffer wants sizes that are known beforehand: the smallest that fits is taken. */
#define TAKE(size) \
	do { \
		struct { struct capture_record record; __u8 data[size]; } *entry; \
		if (length > (size)) \
			break; \
		entry = bpf_ringbuf_reserve(&captures, sizeof(*entry), 0); \
		if (!entry) \
			return count_loss(length); \
		entry->record.timestamp = bpf_ktime_get_ns(); \
		entry->record.packet_length = skb->len; \
		entry->record.captured = length; \
		if (bpf_skb_load_bytes(skb, 0, entry->data, BOUNDED(length, size))) { \
			bpf_ringbuf_discard(entry, 0); \
			return 0; \
		} \
		bpf_ringbuf_submit(entry, 0); \
		return 0; \
	} while (0)

NOINLINE int take(struct __sk_buff *skb, __u32 snap_length)
{
	__u32 length = skb->len;

	if (length > snap_length)
		length = snap_length;
	if (length > 65536)
		length = 65536;
	if (!length)
		return 0;
	TAKE(128);
	TAKE(512);
	TAKE(2048);
	TAKE(8192);
	TAKE(65536);
	return 0;
}

INLINE int capture(struct __sk_buff *skb)
{
	__u32 zero = 0;
	const struct capture_control *control = bpf_map_lookup_elem(&capture_control, &zero);

	if (control && is_wanted(skb, control->rules))
		take(skb, control->snap_length);
	return TC_ACT_UNSPEC; /* on to the next program */
}

SEC("tc")
int capture_in(struct __sk_buff *skb)
{
	return capture(skb);
}

/* What a program of another device let through or forwarded came by before. */
SEC("tc")
int capture_out(struct __sk_buff *skb)
{
	return skb->ingress_ifindex || skb->mark == MARK_ADMITTED ? TC_ACT_UNSPEC : capture(skb);
}

char _license[] SEC("license") = "Dual BSD/GPL";
