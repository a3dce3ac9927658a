// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * One table of connections against another in the same path: the product's map with its own key and state, and the kernel's
 * nf_conntrack by its kfuncs. Run inside connections.bpf.c, UDP over IPv4.
 */
#include "../../bpf/lib/common.h"
#include "../../bpf/lib/config.h"
#include "../../bpf/lib/admit.h"

/* What is in them does not matter; libbpf wants more than a declaration. */
struct nf_conn {
	unsigned long status;
};

struct nf_conn___init {
	struct nf_conn ct;
};

struct bpf_ct_opts {
	__s32 netns_id;
	__s32 error;
	__u8 l4proto;
	__u8 dir;
	__u8 reserved[2];
};

extern struct nf_conn *bpf_skb_ct_lookup(struct __sk_buff *skb, struct bpf_sock_tuple *tuple, __u32 tuple__sz, struct bpf_ct_opts *opts,
					 __u32 opts__sz) __attribute__((section(".ksyms")));
extern struct nf_conn___init *bpf_skb_ct_alloc(struct __sk_buff *skb, struct bpf_sock_tuple *tuple, __u32 tuple__sz, struct bpf_ct_opts *opts,
					       __u32 opts__sz) __attribute__((section(".ksyms")));
extern struct nf_conn *bpf_ct_insert_entry(struct nf_conn___init *connection) __attribute__((section(".ksyms")));
extern void bpf_ct_set_timeout(struct nf_conn___init *connection, __u32 milliseconds) __attribute__((section(".ksyms")));
extern void bpf_ct_release(struct nf_conn *connection) __attribute__((section(".ksyms")));

#define NOT_THIS_TIME TC_ACT_SHOT

/* What pod.bpf.c does with a packet of a connection: reads it, finds the row or makes one, and advances the row's state. */
SEC("tc")
int product(struct __sk_buff *skb)
{
	struct trail trail = { .source_identity = 1, .destination_identity = 2 };
	struct packet packet;

	if (parse_ip(skb, &packet, false) < 0)
		return NOT_THIS_TIME;
	return admit_ipv4(skb, &trail, &packet) ? NOT_THIS_TIME : TC_ACT_REDIRECT;
}

INLINE bool read_kernel_tuple(struct __sk_buff *skb, struct bpf_sock_tuple *tuple)
{
	void *data = packet_data(skb);
	struct iphdr *ip = data + ETH_HLEN;
	__be16 *ports = (void *)(ip + 1);

	if ((void *)(ports + 2) > packet_end(skb))
		return false;
	tuple->ipv4.saddr = ip->saddr;
	tuple->ipv4.daddr = ip->daddr;
	tuple->ipv4.sport = ports[0];
	tuple->ipv4.dport = ports[1];
	return true;
}

SEC("tc")
int kernel_lookup(struct __sk_buff *skb)
{
	struct bpf_ct_opts options = { .netns_id = -1, .l4proto = IPPROTO_UDP };
	struct bpf_sock_tuple tuple = {};
	struct nf_conn *connection;

	if (!read_kernel_tuple(skb, &tuple))
		return NOT_THIS_TIME;
	connection = bpf_skb_ct_lookup(skb, &tuple, sizeof(tuple.ipv4), &options, sizeof(options));
	if (!connection)
		return NOT_THIS_TIME;
	bpf_ct_release(connection);
	return TC_ACT_REDIRECT;
}

SEC("tc")
int kernel_insert(struct __sk_buff *skb)
{
	struct bpf_ct_opts options = { .netns_id = -1, .l4proto = IPPROTO_UDP };
	struct bpf_sock_tuple tuple = {};
	struct nf_conn___init *fresh;
	struct nf_conn *connection;

	if (!read_kernel_tuple(skb, &tuple))
		return NOT_THIS_TIME;
	fresh = bpf_skb_ct_alloc(skb, &tuple, sizeof(tuple.ipv4), &options, sizeof(options));
	if (!fresh)
		return NOT_THIS_TIME;
	bpf_ct_set_timeout(fresh, 600000);
	connection = bpf_ct_insert_entry(fresh);
	if (!connection)
		return NOT_THIS_TIME;
	bpf_ct_release(connection);
	return TC_ACT_REDIRECT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
