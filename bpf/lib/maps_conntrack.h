/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_MAPS_CONNTRACK_H
#define WAGGLE_LIB_MAPS_CONNTRACK_H

#include "../abi/conntrack.h"
#include "common.h"

/* Connections, abi/conntrack.h. Written by BPF; pinned; kept over restarts and upgrades, so that connections live on. */

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 131072);
	__type(key, struct conntrack_key);
	__type(value, struct conntrack_entry);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} conntrack SEC(".maps");

/* Written by the agent only. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct forwarding_state);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} forwarding_state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct conntrack_counters);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} conntrack_counters SEC(".maps");

#endif
