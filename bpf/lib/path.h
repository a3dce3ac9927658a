/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_PATH_H
#define WAGGLE_LIB_PATH_H

#include "admit.h"

/* What the long way leaves behind in a connection's row for shortcut.h. */

/* 0: no paths are kept. */
INLINE __u32 forwarding_generation(void)
{
	__u32 zero = 0;
	const struct forwarding_state *state = bpf_map_lookup_elem(&forwarding_state, &zero);

	return state ? *(const volatile __u32 *)&state->generation : 0;
}

/* This hook keeps paths. */
INLINE void begin_path(struct trail *trail, __u8 delivery, __u32 generation, __u32 origin)
{
	struct tuple_work *work = get_tuple_work();

	if (!work)
		return;
	trail->delivery = delivery;
	work->generation = generation;
	work->origin = origin;
}

/*
 * Notes where this packet comes from and goes. `macs`: 12 bytes, or NULL. Whoever reads the row meanwhile finds an old generation,
 * or what is written here anyway: it follows from the generation and the row's addresses.
 */
NOINLINE int keep_path(__u32 path, __u32 to, const __u8 *macs)
{
	struct tuple_work *work = get_tuple_work();
	struct conntrack_entry *entry;
	struct conntrack_side *side;

	if (!work)
		return 0;
	entry = bpf_map_lookup_elem(&conntrack, &work->tuple.key);
	if (!entry)
		return 0;
	side = side_of(entry, from_initiator(entry, &work->tuple));
	*(volatile __u32 *)&side->generation = 0;
	side->kept = ticks();
	side->from = work->origin;
	side->to = to;
	side->path = path;
	if (macs)
		__builtin_memcpy(side->macs, macs, sizeof(side->macs));
	*(volatile __u32 *)&side->generation = work->generation;
	return 0;
}

#endif
