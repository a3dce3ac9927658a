// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * As wrapper.bpf.c, for connections: each run gets its frame's first bytes back and the source port of the next connection; or,
 * with `always_new`, one that has not been seen for 2^20 packets (source port and the last bits of the destination).
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define HEAD 36 /* Ethernet, IPv4 and the source port */

/* Set before loading. */
const volatile __u8 head[HEAD] = {};
const volatile __u32 connections = 1;  /* a power of two */
const volatile __u32 first_port = 0;
const volatile __u32 first_peer = 0;   /* destination in host order; with always_new 16 of them */
const volatile __u32 always_new = 0;
const volatile __u32 scattered = 0;    /* with always_new: in an order that no prefetcher guesses */

#define MILLION (1 << 20)

static __u32 position;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");

SEC("tc")
int wrapper(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	struct iphdr *ip = data + ETH_HLEN;

	if (data + HEAD > (void *)(long)skb->data_end)
		return TC_ACT_SHOT;
	for (int i = 0; i < HEAD; i += 4)
		*(__u32 *)(data + i) = *(const volatile __u32 *)(head + i);
	if (always_new) {
		position = scattered ? (position * 1664525 + 1013904223) & (MILLION - 1) : position + 1;
		*(__be16 *)(data + 34) = bpf_htons(position);
		ip->daddr = bpf_htonl(first_peer + (position >> 16 & 15));
	} else if (connections > 1) {
		/* Visits every one once before any comes again, in an order that no prefetcher guesses (Hull and Dobell, 1962). */
		position = (position * 1664525 + 1013904223) & (connections - 1);
		*(__be16 *)(data + 34) = bpf_htons(first_port + position);
	}
	bpf_tail_call_static(skb, &target, 0);
	return TC_ACT_SHOT;
}

/* The baseline: two instructions. */
SEC("tc")
int nothing(struct __sk_buff *skb)
{
	return TC_ACT_OK;
}

char _license[] SEC("license") = "Dual BSD/GPL";
