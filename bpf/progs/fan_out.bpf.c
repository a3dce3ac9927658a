// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Ingress of the device `cilium_mcast` (generic XDP): one packet to all pods of a list. The kernel's broadcast over a DEVMAP
 * clones without a head for each copy and passes the devices' queues by, which is half of what a clone of bpf_clone_redirect()
 * costs. Loaded by the agent when a group first has enough members; lists are its own, the rest stands at struct mcast_fan_out.
 */
#include "../lib/common.h"
#include "../lib/fan_out.h"

#include <linux/ip.h>
#include <linux/ipv6.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_DEVMAP);
		__uint(max_entries, 1);
		__type(key, __u32);
		__type(value, __u32);
	});
} lists SEC(".maps");

/* RFC 1112 6.4, RFC 2464 7; false: no IP, or cut off. */
INLINE bool restore_destination(struct ethhdr *eth, void *end)
{
	struct ipv6hdr *ip6 = (void *)(eth + 1);
	struct iphdr *ip = (void *)(eth + 1);
	__u8 *group;

	switch (eth->h_proto) {
	case bpf_htons(ETH_P_IP):
		if ((void *)(ip + 1) > end)
			return false;
		group = (__u8 *)&ip->daddr;
		eth->h_dest[0] = 0x01;
		eth->h_dest[1] = 0x00;
		eth->h_dest[2] = 0x5e;
		eth->h_dest[3] = group[1] & 0x7f;
		break;
	case bpf_htons(ETH_P_IPV6):
		if ((void *)(ip6 + 1) > end)
			return false;
		group = (__u8 *)&ip6->daddr + 12;
		eth->h_dest[0] = 0x33;
		eth->h_dest[1] = 0x33;
		eth->h_dest[2] = group[0];
		eth->h_dest[3] = group[1];
		break;
	default:
		return false;
	}
	eth->h_dest[4] = group[2];
	eth->h_dest[5] = group[3];
	return true;
}

SEC("xdp")
int fan_out(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct fan_out_mac mac;
	__u32 list;
	void *devices;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	__builtin_memcpy(&mac, eth->h_dest, sizeof(mac));
	/* The device has a peer whose stack may speak up. */
	if (mac.mark != FAN_OUT_MARK || !restore_destination(eth, end))
		return XDP_DROP;
	list = mac.list;
	devices = bpf_map_lookup_elem(&lists, &list);
	if (!devices)
		return XDP_DROP;
	return bpf_redirect_map(devices, 0, BPF_F_BROADCAST);
}

char _license[] SEC("license") = "Dual BSD/GPL";
