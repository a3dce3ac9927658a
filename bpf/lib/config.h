/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_CONFIG_H
#define WAGGLE_LIB_CONFIG_H

#include "../abi/config.h"
#include "common.h"

/* The node's configuration; described at the type. All zero in the object: the loader writes it before loading. */
const volatile struct datapath_config config = {};

/* An address of it, field by field: clang 14 takes the copy of a whole volatile struct from the (zero) initialiser. */
#define CONFIG_ADDRESS(field) ((struct address){ .high = config.field.high, .low = config.field.low })

INLINE void host_mac(__u8 *mac)
{
	int i;

	for (i = 0; i < 6; i++)
		mac[i] = config.host_mac[i];
}

#endif
