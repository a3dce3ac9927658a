/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_MARK_H
#define WAGGLE_LIB_MARK_H

/* skb->mark, for the next program on the way; the kernel clears it on the way into a pod. */
/* Admitted, and told of, by the program that hands it to the pod's device: `to_pod` does neither again. */
#define MARK_ADMITTED 0x57470001
/* Made by a program, as an answer: nobody asks about it, but it is told of. */
#define MARK_ANSWER   0x57470002
/* Its trace events are merged into earlier ones: on its way through the uplink, too. */
#define MARK_QUIET    0x57470003

#endif
