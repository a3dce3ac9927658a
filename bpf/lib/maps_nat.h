/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_MAPS_NAT_H
#define WAGGLE_LIB_MAPS_NAT_H

#include "../abi/nat.h"
#include "common.h"

/* Masquerading state, abi/nat.h. Pinned; kept over restarts and upgrades, so that translated connections live on. */

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct nat_key);
	__type(value, struct nat_entry);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} snat SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct fragment_key);
	__type(value, struct fragment_entry);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} fragments SEC(".maps");

#endif
