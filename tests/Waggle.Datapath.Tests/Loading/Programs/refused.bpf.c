// The verifier refuses this one, after the map was created.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct test_row {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct test_row);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} test_rows SEC(".maps");

SEC("tc")
int use(struct __sk_buff *skb)
{
	__u32 key = 0;
	struct test_row *row = bpf_map_lookup_elem(&test_rows, &key);

	return row->packets;
}

char _license[] SEC("license") = "GPL";
