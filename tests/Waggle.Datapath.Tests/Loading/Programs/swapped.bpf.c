// A struct of bpf/abi with two fields swapped: same size, wrong offsets.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct address {
	__be64 high;
	__be64 low;
};

struct ipcache_entry {
	struct address tunnel_endpoint;
	__u32 flags;
	__u32 identity;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct ipcache_entry);
} anything SEC(".maps");

SEC("tc")
int use(struct __sk_buff *skb)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&anything, &key) != 0;
}

char _license[] SEC("license") = "GPL";
