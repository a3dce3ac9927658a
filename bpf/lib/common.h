/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_COMMON_H
#define WAGGLE_LIB_COMMON_H

/* Included first by every other header here: kernel types, helpers, and the few macros that all of them use. */

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define INLINE static inline __attribute__((always_inline, unused))
/* Calls need a frame of their own where inlining would make one too big for the 512 bytes of all callers together. */
#define NOINLINE static __attribute__((noinline, unused))
/*
 * A call that the verifier checks once, whoever calls it with what: for what is too much to be followed along every path. Its
 * pointers, the context apart, may be NULL as far as the verifier knows, and what they point to is initialised by the caller.
 */
#define SEPARATE __attribute__((noinline, unused))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/*
 * A length from 1 to `maximum` (a power of two) as every verifier understands it: ones before 6.8 learn nothing from "is not
 * 0". The value does not change; the caller has checked it. The barrier keeps the compiler from seeing that too.
 */
#define BOUNDED(length, maximum) ({ __u32 _length = (length) - 1; asm volatile("" : "+r"(_length)); (_length & ((maximum) - 1)) + 1; })

#endif
