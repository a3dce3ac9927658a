// Counts UDP datagrams to port 9 in a shared map and drops them; the configuration and an event are the product's.
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include "abi/config.h"
#include "abi/event.h"
#include "abi/metrics.h"
#include "abi/drop_reason.h"

const volatile struct datapath_config config = {};

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

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct event_counters);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} event_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} events SEC(".maps");

SEC("tc")
int count(struct __sk_buff *skb)
{
	__u32 key = config.cluster_id;
	__u16 port = 0;

	if (skb->protocol != bpf_htons(0x0800) || bpf_skb_load_bytes(skb, 36, &port, 2) || port != bpf_htons(9))
		return TC_ACT_OK;

	struct test_row *row = bpf_map_lookup_elem(&test_rows, &key);

	if (row) {
		__sync_fetch_and_add(&row->packets, 1);
		__sync_fetch_and_add(&row->bytes, skb->len);
	}
	return TC_ACT_SHOT;
}

SEC("tc")
int mcast_control(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct event_counters *counters = bpf_map_lookup_elem(&event_counters, &zero);
	struct drop_event *event;

	if (!counters)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		counters->lost++;
		return 1;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->header.type = EVENT_TYPE_DROP;
	event->header.version = EVENT_VERSION;
	event->header.length = sizeof(*event);
	event->header.endpoint_id = 77;
	event->reason = DROP_REASON_UNROUTABLE;
	event->file = SOURCE_FILE_POD;
	event->line = 123;
	event->packet.packet_length = skb->len;
	event->packet.captured = 14;
	bpf_skb_load_bytes(skb, 0, event->packet.data, 14);
	bpf_ringbuf_submit(event, 0);
	counters->sent++;
	return 2;
}

char _license[] SEC("license") = "GPL";
