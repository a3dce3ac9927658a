/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_MAPS_MULTICAST_H
#define WAGGLE_LIB_MAPS_MULTICAST_H

#include "../abi/multicast.h"
#include "common.h"

/* Multicast state; who writes what stands at each type in abi/multicast.h. All pinned; kept over restarts and upgrades. */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct mcast_group_key);
	__type(value, struct mcast_group);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} mcast_groups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MCAST_SLOTS);
	__type(key, __u32);
	__type(value, struct mcast_slot);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} mcast_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct mcast_join_key);
	__type(value, struct mcast_join);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} mcast_joins SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct mcast_join_key);
	__type(value, struct mcast_source_list);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} mcast_sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct mcast_sender_key);
	__type(value, struct mcast_sender);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} mcast_senders SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct mcast_group_key);
	__type(value, struct mcast_unconfigured);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} mcast_unconfigured SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MCAST_SLOTS);
	__type(key, __u32);
	__type(value, struct mcast_limit);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} mcast_limits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct mcast_group_key);
	__type(value, struct mcast_fan_out);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} mcast_fan_outs SEC(".maps");

#endif
