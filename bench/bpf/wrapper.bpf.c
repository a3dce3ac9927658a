// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The frame around a measured program. BPF_PROG_TEST_RUN runs a program many times on one buffer, so each run gets its frame's
 * first bytes back and, where there are many peers, the address of the next one; then the program under test is called.
 * The cost of this is the same whatever is called: it is measured with `nothing`.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define HEAD 36 /* Ethernet, IPv4 and two bytes that fill up a word */

/* Set before loading. */
const volatile __u8 head[HEAD] = {};
const volatile __u32 peers = 1;       /* a power of two; the last bits of the destination address count them */
const volatile __u32 first_peer = 0;  /* their first address, in host order */

static __u32 position;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");

/* Visits every peer once before any comes again, in an order that no prefetcher guesses (Hull and Dobell, 1962). */
static __always_inline __u32 next_peer(void)
{
	position = (position * 1664525 + 1013904223) & (peers - 1);
	return position;
}

SEC("tc")
int wrapper(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	struct iphdr *ip = data + ETH_HLEN;

	if (data + HEAD > (void *)(long)skb->data_end)
		return TC_ACT_SHOT;
	for (int i = 0; i < HEAD; i += 4)
		*(__u32 *)(data + i) = *(const volatile __u32 *)(head + i);
	if (peers > 1)
		ip->daddr = bpf_htonl(first_peer + next_peer());
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
