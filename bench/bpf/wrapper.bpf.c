// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Packets to many peers: each run gets the address of the next one. */
#include "wrapper.h"

/* Set before loading. */
const volatile __u32 peers = 1;       /* a power of two; the last bits of the destination address count them */
const volatile __u32 first_peer = 0;  /* their first address, in host order */

SEC("tc")
int wrapper(struct __sk_buff *skb)
{
	void *frame = restore_head(skb);

	if (!frame)
		return TC_ACT_SHOT;
	if (peers > 1)
		set_destination(frame, first_peer + next_position(peers));
	return call_target(skb);
}
