// Exercises the binding: switches, maps of each kind that Waggle uses, a ring buffer, a program per attach type.
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

struct key {
	__u32 group;
	__u16 port;
	__u16 pad;
};

struct value {
	__u64 packets;
	__u64 bytes;
};

struct event {
	__u32 sequence;
	__u32 length;
};

const volatile _Bool count_packets = 0;
const volatile __u32 verdict = TC_ACT_OK;
const volatile __s16 offset = -1;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct key);
	__type(value, struct value);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} percpu SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u32);
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 8);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

static __u32 sequence;

SEC("tc")
int count(struct __sk_buff *skb)
{
	if (count_packets) {
		struct key key = { .group = skb->mark };
		struct value *value = bpf_map_lookup_elem(&counters, &key);

		if (value) {
			__sync_fetch_and_add(&value->packets, 1);
			__sync_fetch_and_add(&value->bytes, skb->len);
		}
	}
	skb->cb[0] = skb->mark + 1;
	return verdict;
}

SEC("tc")
int emit(struct __sk_buff *skb)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return TC_ACT_SHOT;
	event->sequence = __sync_fetch_and_add(&sequence, 1);
	event->length = skb->len;
	bpf_ringbuf_submit(event, 0);
	return TC_ACT_OK;
}

SEC("tc")
int lookup_inner(struct __sk_buff *skb)
{
	__u32 key = skb->mark;
	void *inner = bpf_map_lookup_elem(&outer, &key);
	__u32 *value = inner ? bpf_map_lookup_elem(inner, &key) : 0;

	__u32 zero = 0;
	__u64 *runs = bpf_map_lookup_elem(&percpu, &zero);

	if (runs)
		*runs += 1;
	return value ? *value : 0;
}

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx)
{
	return 1;
}

SEC("?tc")
int broken(struct __sk_buff *skb)
{
	__u32 key = skb->mark;
	__u64 *value = bpf_map_lookup_elem(&percpu, &key);

	return *value;
}

char LICENSE[] SEC("license") = "GPL";
