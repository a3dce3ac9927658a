/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_MAPS_METRICS_H
#define WAGGLE_LIB_MAPS_METRICS_H

#include "../abi/event.h"
#include "../abi/metrics.h"
#include "common.h"

/* What happened. Written by BPF only, read by the agent and the CLI. Pinned. Layouts: abi/metrics.h, abi/event.h. */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct metrics_entry);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} metrics SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct metrics_site);
	__type(value, struct metrics_entry);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} metrics_sites SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct event_counters);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} event_counters SEC(".maps");

/* Token bucket of each CPU for drop and trace events. */
struct event_bucket {
	__u64 last_refill;
	__u64 tokens;      /* thousandths of an event */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct event_bucket);
} event_buckets SEC(".maps");

/* Written by the agent only. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct trace_state);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} trace_state SEC(".maps");

/* The agent's alone: here because it has to live as long as event_counters. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct event_account);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} event_account SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} events SEC(".maps");

#endif
