/*
 * waggle-load: the traffic generator and receiver of `waggle bench`, in C so that what is measured is the network path and not a
 * managed runtime's sockets. The same program drives every path under test and every baseline.
 *
 *   waggle-load serve ADDR PORT                    TCP: 'S' discards a stream, 'R' echoes requests, 'P' as well, on the CPU that the next byte names, and tells its CPU time; UDP: counts. PORT + 1: one request per connection. Runs until killed,
 *                                                  or until its stdin closes where that is a pipe
 *   waggle-load stream ADDR PORT SECONDS           prints bytes per second, as the receiver counted them
 *   waggle-load rr ADDR PORT SECONDS               prints 1-byte request/response transactions per second
 *   waggle-load rrmany ADDR PORT SECONDS COUNT     the same over COUNT connections at a time: no CPU waits for a packet
 *   waggle-load rrcost ADDR PORT SECONDS           prints nanoseconds of CPU, of both ends together, per such transaction; both run
 *                                                  on one CPU, as waking up another one costs more than any path
 *   waggle-load udp ADDR PORT SECONDS SIZE         prints datagrams received per second
 *   waggle-load udpcost ADDR PORT SECONDS SIZE     prints nanoseconds of the sender's CPU per datagram, with all the packets' work
 *                                                  that is done in its time
 *   waggle-load slots|switch|gather …              traffic in slots, by which two variants are compared: slots.h
 *   waggle-load mcast-recv GROUP PORT IFNAME       joins and counts; prints the count when its stdin closes
 *   waggle-load mcast-sink                         members in many namespaces, by lines on stdin until it closes:
 *                                                  "join NETNS GROUP PORT IFNAME" joins ("ok"), "count GROUP" prints what came
 *   waggle-load mroute GROUP SOURCE IN OUT...      the kernel's multicast routing of one flow, until stdin closes
 *   waggle-load mcast-send GROUP PORT IFNAME COUNT SIZE   sends COUNT datagrams; prints the nanoseconds of CPU and of time it took
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/mroute.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STREAM_CHUNK (256 * 1024)
#define UDP_BATCH 64

struct endpoint {
	struct sockaddr_storage addr;
	socklen_t len;
};

static void die(const char *what)
{
	fprintf(stderr, "waggle-load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct endpoint parse(const char *address, const char *port)
{
	struct endpoint e = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&e.addr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&e.addr;

	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)atoi(port));
		e.len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)atoi(port));
		e.len = sizeof(*v6);
	} else {
		fprintf(stderr, "waggle-load: '%s' is not an address\n", address);
		exit(2);
	}
	return e;
}

static int open_socket(const struct endpoint *e, int type, int listening)
{
	int one = 1, big = 8 << 20;
	int fd = socket(e->addr.ss_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (type == SOCK_DGRAM) {
		if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big)) < 0)
			setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof(big));
	} else {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
	if (listening) {
		if (bind(fd, (const struct sockaddr *)&e->addr, e->len) < 0)
			die("bind");
		if (type == SOCK_STREAM && listen(fd, 128) < 0)
			die("listen");
	} else if (connect(fd, (const struct sockaddr *)&e->addr, e->len) < 0) {
		die("connect");
	}
	return fd;
}

static void send_all(int fd, const void *data, size_t length)
{
	const char *p = data;

	while (length > 0) {
		ssize_t n = send(fd, p, length, MSG_NOSIGNAL);

		if (n < 0)
			die("send");
		p += n;
		length -= (size_t)n;
	}
}

static void receive_all(int fd, void *data, size_t length)
{
	char *p = data;

	while (length > 0) {
		ssize_t n = recv(fd, p, length, 0);

		if (n <= 0)
			die("receive");
		p += n;
		length -= (size_t)n;
	}
}

static void move_to_cpu(pid_t process, int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	sched_setaffinity(process, sizeof(cpus), &cpus);
}

static void stay_on_cpu(int cpu)
{
	move_to_cpu(0, cpu);
}

static void echo(int fd, char *byte)
{
	while (recv(fd, byte, 1, 0) == 1)
		if (send(fd, byte, 1, MSG_NOSIGNAL) != 1)
			break;
}

/* One TCP connection of the server: its first byte says what it is for. */
static void serve_connection(int fd, volatile uint64_t *datagrams)
{
	static char buffer[STREAM_CHUNK];
	uint64_t total = 0;
	ssize_t n;
	char mode;

	receive_all(fd, &mode, 1);
	switch (mode) {
	case 'S':
		while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0)
			total += (uint64_t)n;
		send_all(fd, &total, sizeof(total));
		break;
	case 'P':
		receive_all(fd, &mode, 1);
		stay_on_cpu(mode);
		echo(fd, buffer);
		total = (uint64_t)(cpu_time() * 1e9);
		send_all(fd, &total, sizeof(total));
		break;
	case 'R':
		echo(fd, buffer);
		break;
	case 'U':
		/* Each request byte is answered with the number of datagrams so far. */
		while (recv(fd, buffer, 1, 0) == 1) {
			total = *datagrams;
			send_all(fd, &total, sizeof(total));
		}
		break;
	}
	close(fd);
}

static volatile uint64_t *shared_counter(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		die("mmap");
	return page;
}

/* One byte asked and answered per connection; this end closes it. */
static void serve_requests(const char *address, const char *port)
{
	char next[16], byte;
	struct endpoint e;
	int listening;

	snprintf(next, sizeof(next), "%d", atoi(port) + 1);
	e = parse(address, next);
	listening = open_socket(&e, SOCK_STREAM, 1);
	for (;;) {
		int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		if (recv(fd, &byte, 1, 0) == 1)
			send(fd, &byte, 1, MSG_NOSIGNAL);
		close(fd);
	}
}

static int serve(const char *address, const char *port)
{
	struct endpoint e = parse(address, port);
	int udp = open_socket(&e, SOCK_DGRAM, 1);
	int tcp = open_socket(&e, SOCK_STREAM, 1);
	volatile uint64_t *datagrams = shared_counter();
	struct stat input;
	/* Who started us and is killed cannot tell us: the end of the pipe does. */
	int owned = !fstat(0, &input) && S_ISFIFO(input.st_mode);

	signal(SIGCHLD, SIG_IGN);
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve_requests(address, port);
	}
	if (fork() == 0) {
		static char buffers[UDP_BATCH][2048];
		struct mmsghdr messages[UDP_BATCH] = { 0 };
		struct iovec parts[UDP_BATCH];

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 0; i < UDP_BATCH; i++) {
			parts[i] = (struct iovec){ buffers[i], sizeof(buffers[i]) };
			messages[i].msg_hdr.msg_iov = &parts[i];
			messages[i].msg_hdr.msg_iovlen = 1;
		}
		for (;;) {
			int n = recvmmsg(udp, messages, UDP_BATCH, MSG_WAITFORONE, NULL);

			if (n > 0)
				*datagrams += (uint64_t)n;
		}
	}
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		struct pollfd fds[2] = { { .fd = tcp, .events = POLLIN }, { .fd = owned ? 0 : -1 } };
		int fd, one = 1;

		if (poll(fds, 2, -1) > 0 && fds[1].revents)
			return 0;
		fd = accept4(tcp, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (fork() == 0) {
			serve_connection(fd, datagrams);
			_exit(0);
		}
		close(fd);
	}
}

static int stream(const char *address, const char *port, double seconds)
{
	static char buffer[STREAM_CHUNK];
	struct endpoint e = parse(address, port);
	int fd = open_socket(&e, SOCK_STREAM, 0);
	double start = now(), elapsed;
	uint64_t total;

	send_all(fd, "S", 1);
	while (now() - start < seconds)
		send_all(fd, buffer, sizeof(buffer));
	shutdown(fd, SHUT_WR);
	receive_all(fd, &total, sizeof(total));
	elapsed = now() - start;
	printf("%.0f\n", (double)total / elapsed);
	return 0;
}

static int rr(const char *address, const char *port, double seconds, int cost)
{
	struct endpoint e = parse(address, port);
	int fd = open_socket(&e, SOCK_STREAM, 0);
	char byte = 'x', pinned[2] = { 'P', (char)sched_getcpu() };
	uint64_t done = 0, server;
	double start, cpu;

	if (cost)
		stay_on_cpu(pinned[1]);
	send_all(fd, cost ? pinned : "R", cost ? 2 : 1);
	start = now();
	cpu = cpu_time();
	while (now() - start < seconds) {
		for (int i = 0; i < 32; i++) {
			send_all(fd, &byte, 1);
			receive_all(fd, &byte, 1);
		}
		done += 32;
	}
	if (cost) {
		cpu = cpu_time() - cpu;
		shutdown(fd, SHUT_WR);
		receive_all(fd, &server, sizeof(server));
		printf("%.1f\n", (cpu * 1e9 + (double)server) / (double)done);
	} else {
		printf("%.0f\n", (double)done / (now() - start));
	}
	return 0;
}

/* Each connection has a request under way all the time, so that neither end sleeps and the rate is what the path costs. */
static int rr_many(const char *address, const char *port, double seconds, int count)
{
	struct endpoint e = parse(address, port);
	struct pollfd *fds = calloc((size_t)count, sizeof(*fds));
	uint64_t done = 0;
	char byte = 'x';
	double start;

	if (count < 1 || !fds) {
		fprintf(stderr, "waggle-load: the number of connections must be at least 1\n");
		return 2;
	}
	for (int i = 0; i < count; i++) {
		fds[i] = (struct pollfd){ .fd = open_socket(&e, SOCK_STREAM, 0), .events = POLLIN };
		send_all(fds[i].fd, "R", 1);
	}
	start = now();
	for (int i = 0; i < count; i++)
		send_all(fds[i].fd, &byte, 1);
	while (now() - start < seconds) {
		if (poll(fds, (nfds_t)count, 1000) <= 0)
			die("poll");
		for (int i = 0; i < count; i++) {
			if (!fds[i].revents)
				continue;
			receive_all(fds[i].fd, &byte, 1);
			send_all(fds[i].fd, &byte, 1);
			done++;
		}
	}
	printf("%.0f\n", (double)done / (now() - start));
	return 0;
}

static uint64_t ask_count(int control)
{
	uint64_t count;

	send_all(control, "?", 1);
	receive_all(control, &count, sizeof(count));
	return count;
}

static int udp(const char *address, const char *port, double seconds, int size, int cost)
{
	static char payload[2048];
	struct endpoint e = parse(address, port);
	int control = open_socket(&e, SOCK_STREAM, 0);
	int fd = open_socket(&e, SOCK_DGRAM, 0);
	struct mmsghdr messages[UDP_BATCH] = { 0 };
	struct iovec part = { payload, (size_t)size };
	uint64_t before, after, sent = 0;
	double start, cpu;

	if (size < 1 || size > (int)sizeof(payload)) {
		fprintf(stderr, "waggle-load: the size must be 1 to %zu\n", sizeof(payload));
		return 2;
	}
	for (int i = 0; i < UDP_BATCH; i++) {
		messages[i].msg_hdr.msg_iov = &part;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	send_all(control, "U", 1);
	before = ask_count(control);
	start = now();
	cpu = cpu_time();
	while (now() - start < seconds) {
		int n = sendmmsg(fd, messages, UDP_BATCH, 0);

		if (n > 0)
			sent += (uint64_t)n;
		else if (errno != ENOBUFS && errno != EAGAIN && errno != ECONNREFUSED)
			die("sendmmsg");
	}
	cpu = cpu_time() - cpu;
	after = ask_count(control);
	if (cost)
		printf("%.1f\n", cpu * 1e9 / (double)sent);
	else
		printf("%.0f\n", (double)(after - before) / (now() - start));
	return 0;
}

static void join(int fd, const struct endpoint *group, unsigned int ifindex)
{
	struct group_req request = { .gr_interface = ifindex };

	memcpy(&request.gr_group, &group->addr, group->len);
	if (setsockopt(fd, group->addr.ss_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, MCAST_JOIN_GROUP, &request, sizeof(request)) < 0)
		die("join");
}

static int mcast_recv(const char *group, const char *port, const char *device)
{
	struct endpoint e = parse(group, port);
	struct pollfd fds[2] = { { .fd = 0, .events = POLLIN }, { .events = POLLIN } };
	uint64_t count = 0;
	char buffer[2048];

	fds[1].fd = open_socket(&e, SOCK_DGRAM, 1);
	join(fds[1].fd, &e, if_nametoindex(device));
	printf("ready\n");
	fflush(stdout);
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

struct member {
	int fd;
	char group[INET6_ADDRSTRLEN];
};

/*
 * A member whose datagrams end in a socket filter: delivery is complete up to the socket, but the cost and the scheduling of a
 * reading process, the same on every path, is not in the figure. The kernel counts what the filter drops.
 */
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
	join(fd, &e, if_nametoindex(device));
	return fd;
}

static int mcast_sink(void)
{
	struct member *members = NULL;
	size_t used = 0;
	char line[512];

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

			for (size_t i = 0; i < used; i++) {
				uint32_t info[SK_MEMINFO_VARS] = { 0 };
				socklen_t size = sizeof(info);

				if (strcmp(members[i].group, words[1]))
					continue;
				if (getsockopt(members[i].fd, SOL_SOCKET, SO_MEMINFO, info, &size) < 0)
					die("SO_MEMINFO");
				total += info[SK_MEMINFO_DROPS];
			}
			printf("%llu\n", total);
		} else {
			fprintf(stderr, "waggle-load: mcast-sink does not know '%s'\n", words[0] ? words[0] : "");
			return 2;
		}
	}
	return 0;
}

static int mroute(const char *group, const char *source, char **devices, int count)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_IGMP), one = 1;
	struct mfcctl flow = { .mfcc_parent = 0 };
	char byte;

	if (count > MAXVIFS) {
		fprintf(stderr, "waggle-load: the kernel routes multicast between %d interfaces at most\n", MAXVIFS);
		return 2;
	}
	if (fd < 0 || setsockopt(fd, IPPROTO_IP, MRT_INIT, &one, sizeof(one)) < 0)
		die("MRT_INIT");
	for (int i = 0; i < count; i++) {
		struct vifctl vif = { .vifc_vifi = (vifi_t)i, .vifc_flags = VIFF_USE_IFINDEX, .vifc_threshold = 1 };

		vif.vifc_lcl_ifindex = (int)if_nametoindex(devices[i]);
		if (setsockopt(fd, IPPROTO_IP, MRT_ADD_VIF, &vif, sizeof(vif)) < 0)
			die(devices[i]);
		flow.mfcc_ttls[i] = i ? 1 : 0;
	}
	if (inet_pton(AF_INET, group, &flow.mfcc_mcastgrp) != 1 || inet_pton(AF_INET, source, &flow.mfcc_origin) != 1) {
		fprintf(stderr, "waggle-load: '%s' or '%s' is no IPv4 address\n", group, source);
		return 2;
	}
	if (setsockopt(fd, IPPROTO_IP, MRT_ADD_MFC, &flow, sizeof(flow)) < 0)
		die("MRT_ADD_MFC");
	printf("ready\n");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}

static int mcast_send(const char *group, const char *port, const char *device, long count, int size)
{
	static char payload[2048];
	struct endpoint e = parse(group, port);
	int fd = socket(e.addr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), off = 0, hops = 8;
	int v4 = e.addr.ss_family == AF_INET;
	struct ip_mreqn out = { .imr_ifindex = (int)if_nametoindex(device) };
	struct timespec before, after;
	double start;

	if (fd < 0 || size < 1 || size > (int)sizeof(payload))
		die("socket");
	if (v4) {
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out));
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &off, sizeof(off));
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof(hops));
	} else {
		setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &out.imr_ifindex, sizeof(out.imr_ifindex));
		setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &off, sizeof(off));
		setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops));
	}
	/* Everything that the sends cause then happens on one CPU, most of it inside this process. */
	stay_on_cpu(sched_getcpu());
	start = now();
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	for (long i = 0; i < count; i++)
		if (sendto(fd, payload, (size_t)size, 0, (const struct sockaddr *)&e.addr, e.len) < 0 && errno != ENOBUFS)
			die("sendto");
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	printf("%.0f %.0f\n", (double)(after.tv_sec - before.tv_sec) * 1e9 + (double)(after.tv_nsec - before.tv_nsec), (now() - start) * 1e9);
	return 0;
}

#include "slots.h"
#include "gather.h"

int main(int argc, char **argv)
{
	/* A session of its own, as a process in a container has it: the scheduler shares the CPUs out by session (autogroup). */
	setsid();
	if (argc == 4 && !strcmp(argv[1], "serve"))
		return serve(argv[2], argv[3]);
	if (argc == 5 && !strcmp(argv[1], "stream"))
		return stream(argv[2], argv[3], atof(argv[4]));
	if (argc == 5 && (!strcmp(argv[1], "rr") || !strcmp(argv[1], "rrcost")))
		return rr(argv[2], argv[3], atof(argv[4]), argv[1][2] != 0);
	if (argc == 6 && !strcmp(argv[1], "rrmany"))
		return rr_many(argv[2], argv[3], atof(argv[4]), atoi(argv[5]));
	if (argc == 6 && (!strcmp(argv[1], "udp") || !strcmp(argv[1], "udpcost")))
		return udp(argv[2], argv[3], atof(argv[4]), atoi(argv[5]), argv[1][3] != 0);
	if (argc == 5 && !strcmp(argv[1], "mcast-recv"))
		return mcast_recv(argv[2], argv[3], argv[4]);
	if (argc == 2 && !strcmp(argv[1], "mcast-sink"))
		return mcast_sink();
	if (argc > 5 && !strcmp(argv[1], "mroute"))
		return mroute(argv[2], argv[3], argv + 4, argc - 4);
	if (argc == 7 && !strcmp(argv[1], "mcast-send"))
		return mcast_send(argv[2], argv[3], argv[4], atol(argv[5]), atoi(argv[6]));
	if (argc >= 10 && !strcmp(argv[1], "slots"))
		return slots(argc, argv);
	if (argc >= 8 && !strcmp(argv[1], "switch"))
		return switch_slots(argc, argv);
	if (argc == 4 && !strcmp(argv[1], "gather"))
		return gather(argv[2], atoi(argv[3]));
	fprintf(stderr, "usage: waggle-load serve|stream|rr|rrmany|rrcost|udp|udpcost|slots|switch|gather|mcast-recv|mcast-sink|mcast-send|mroute … (see the head of its source)\n");
	return 2;
}
