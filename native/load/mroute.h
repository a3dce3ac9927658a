/* waggle-load mroute: the kernel's own multicast routing, the baseline of ours. */
#ifndef WAGGLE_LOAD_MROUTE_H
#define WAGGLE_LOAD_MROUTE_H

#include "sockets.h"
#include <linux/mroute.h>
#include <net/if.h>

/* The first device is where the flow comes in. */
static int mroute(char **words)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_IGMP), one = 1;
	struct mfcctl flow = { .mfcc_parent = 0 };
	char **devices = words + 2, byte;

	if (fd < 0 || setsockopt(fd, IPPROTO_IP, MRT_INIT, &one, sizeof(one)) < 0)
		die("MRT_INIT");
	for (int i = 0; devices[i]; i++) {
		struct vifctl vif = { .vifc_vifi = (vifi_t)i, .vifc_flags = VIFF_USE_IFINDEX, .vifc_threshold = 1 };

		if (i == MAXVIFS)
			refuse("the kernel routes multicast between %d interfaces at most", MAXVIFS);
		vif.vifc_lcl_ifindex = (int)if_nametoindex(devices[i]);
		if (setsockopt(fd, IPPROTO_IP, MRT_ADD_VIF, &vif, sizeof(vif)) < 0)
			die(devices[i]);
		flow.mfcc_ttls[i] = i ? 1 : 0;
	}
	if (inet_pton(AF_INET, words[0], &flow.mfcc_mcastgrp) != 1 || inet_pton(AF_INET, words[1], &flow.mfcc_origin) != 1)
		refuse("'%s' or '%s' is no IPv4 address", words[0], words[1]);
	if (setsockopt(fd, IPPROTO_IP, MRT_ADD_MFC, &flow, sizeof(flow)) < 0)
		die("MRT_ADD_MFC");
	say_ready();
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}

#endif
