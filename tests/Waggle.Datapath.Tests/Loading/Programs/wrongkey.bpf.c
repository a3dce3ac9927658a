// A shared map of the catalogue with another value type of the same size.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct something_else {
	__u32 words[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u64[2]);
	__type(value, struct something_else);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} nodes SEC(".maps");

SEC("tc")
int use(struct __sk_buff *skb)
{
	__u64 key[2] = {};

	return bpf_map_lookup_elem(&nodes, &key) != 0;
}

char _license[] SEC("license") = "GPL";
