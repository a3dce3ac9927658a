/* waggle-load mcast-send: datagrams to a group, a system call each, as an application sends them. */
#ifndef WAGGLE_LOAD_MCAST_SEND_H
#define WAGGLE_LOAD_MCAST_SEND_H

#include "datagrams.h"
#include <net/if.h>

static int open_sender(const struct endpoint *group, const char *device)
{
	int fd = socket(group->addr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), off = 0, hops = 8;
	struct ip_mreqn out = { .imr_ifindex = (int)if_nametoindex(device) };

	if (fd < 0)
		die("socket");
	if (group->addr.ss_family == AF_INET) {
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out));
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &off, sizeof(off));
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof(hops));
	} else {
		setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &out.imr_ifindex, sizeof(out.imr_ifindex));
		setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &off, sizeof(off));
		setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops));
	}
	return fd;
}

static int mcast_send(char **words)
{
	static char payload[DATAGRAM_MAX];
	struct endpoint e = parse(words[0], words[1]);
	int fd = open_sender(&e, words[2]), size = atoi(words[4]);
	long count = atol(words[3]);
	int64_t start, cpu;

	if (size < 1 || size > DATAGRAM_MAX)
		refuse("the size must be 1 to %d", DATAGRAM_MAX);
	/* Everything that the sends cause then happens on one CPU, most of it inside this process. */
	stay_on_cpu(sched_getcpu());
	start = now();
	cpu = cpu_time();
	for (long i = 0; i < count; i++)
		if (sendto(fd, payload, (size_t)size, 0, (const struct sockaddr *)&e.addr, e.len) < 0 && errno != ENOBUFS)
			die("sendto");
	cpu = cpu_time() - cpu;
	printf("%lld %lld\n", (long long)cpu, (long long)(now() - start));
	return 0;
}

#endif
