// The same shared map with the fields of its value in another order, of the same size: must never be taken for the same.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct test_row {
	__u64 bytes;
	__u64 packets;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct test_row);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} test_rows SEC(".maps");

SEC("tc")
int count_relaid(struct __sk_buff *skb)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&test_rows, &key) != 0;
}

char _license[] SEC("license") = "GPL";
