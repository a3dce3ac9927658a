/* waggle-load mcast-recv, mcast-sink: members of multicast groups, one that reads or many that only count. */
#ifndef WAGGLE_LOAD_MEMBERS_H
#define WAGGLE_LOAD_MEMBERS_H

#include "sockets.h"
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <poll.h>

static void join(int fd, const struct endpoint *group, const char *device)
{
	struct group_req request = { .gr_interface = if_nametoindex(device) };

	memcpy(&request.gr_group, &group->addr, group->len);
	if (setsockopt(fd, group->addr.ss_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, MCAST_JOIN_GROUP, &request, sizeof(request)) < 0)
		die("join");
}

static int mcast_recv(char **words)
{
	struct endpoint e = parse(words[0], words[1]);
	struct pollfd fds[2] = { { .fd = 0, .events = POLLIN }, { .fd = open_bound(&e, SOCK_DGRAM), .events = POLLIN } };
	uint64_t count = 0;
	char buffer[2048];

	join(fds[1].fd, &e, words[2]);
	say_ready();
	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			die("poll");
		while (recv(fds[1].fd, buffer, sizeof(buffer), MSG_DONTWAIT) >= 0)
			count++;
		if (fds[0].revents && read(0, buffer, sizeof(buffer)) <= 0)
			break;
	}
	printf("%llu\n", (unsigned long long)count);
	return 0;
}

/*
 * A member whose datagrams end in a socket filter: delivery is complete up to the socket, but the cost and the scheduling of a
 * reading process, the same on every path, is not in the figure. The kernel counts what the filter drops.
 */
struct member {
	int fd;
	char group[INET6_ADDRSTRLEN];
};

static int open_member(const char *netns, const char *group, const char *port, const char *device)
{
	struct sock_filter drop_all = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog filter = { 1, &drop_all };
	struct endpoint e = parse(group, port);
	int ns = open(netns, O_RDONLY | O_CLOEXEC), fd;

	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		die(netns);
	close(ns);
	fd = socket(e.addr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&e.addr, e.len) < 0)
		die("bind");
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0)
		die("filter");
	join(fd, &e, device);
	return fd;
}

static uint32_t count_dropped(const struct member *member)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t size = sizeof(info);

	if (getsockopt(member->fd, SOL_SOCKET, SO_MEMINFO, info, &size) < 0)
		die("SO_MEMINFO");
	return info[SK_MEMINFO_DROPS];
}

static int mcast_sink(char **none)
{
	struct member *members = NULL;
	size_t used = 0;
	char line[512];

	(void)none;
	setlinebuf(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		char *words[5] = { strtok(line, " \n") };

		for (int i = 1; i < 5; i++)
			words[i] = strtok(NULL, " \n");
		if (words[4] && !strcmp(words[0], "join")) {
			members = realloc(members, (used + 1) * sizeof(*members));
			if (!members)
				die("memory");
			members[used].fd = open_member(words[1], words[2], words[3], words[4]);
			snprintf(members[used++].group, sizeof(members->group), "%s", words[2]);
			printf("ok\n");
		} else if (words[1] && !strcmp(words[0], "count")) {
			unsigned long long total = 0;

			for (size_t i = 0; i < used; i++)
				total += strcmp(members[i].group, words[1]) ? 0 : count_dropped(&members[i]);
			printf("%llu\n", total);
		} else {
			refuse("mcast-sink does not know '%s'", words[0] ? words[0] : "");
		}
	}
	return 0;
}

#endif
