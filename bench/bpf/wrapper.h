/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The frame around a measured program. BPF_PROG_TEST_RUN runs a program many times on one buffer, so each run gets its frame's
 * first bytes back, changed so that it is the next peer's or connection's; then the program under test is called. The cost of
 * this is the same whatever is called: it is measured with `nothing`.
 */
#ifndef WAGGLE_BENCH_WRAPPER_H
#define WAGGLE_BENCH_WRAPPER_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define HEAD 36 /* Ethernet, IPv4 and the two bytes of the source port */
#define SOURCE_PORT (HEAD - 2)

/* Set before loading. */
const volatile __u8 head[HEAD] = {};

static __u32 position;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");

/* Visits each of `count` (a power of two) once before any comes again, in an order that no prefetcher guesses (Hull and Dobell, 1962). */
static __always_inline __u32 next_position(__u32 count)
{
	position = (position * 1664525 + 1013904223) & (count - 1);
	return position;
}

/* The frame as it was; NULL: it is too short. */
static __always_inline void *restore_head(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;

	if (data + HEAD > (void *)(long)skb->data_end)
		return NULL;
	for (int i = 0; i < HEAD; i += 4)
		*(__u32 *)(data + i) = *(const volatile __u32 *)(head + i);
	return data;
}

static __always_inline void set_destination(void *frame, __u32 address)
{
	struct iphdr *ip = frame + ETH_HLEN;

	ip->daddr = bpf_htonl(address);
}

static __always_inline void set_source_port(void *frame, __u16 port)
{
	*(__be16 *)(frame + SOURCE_PORT) = bpf_htons(port);
}

static __always_inline int call_target(struct __sk_buff *skb)
{
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

#endif
