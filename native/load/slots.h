/*
 * Traffic in slots: what two variants of a path are compared by, or a path with something switched on and off. Time since START (ns,
 * CLOCK_MONOTONIC) is cut into slots of equal length; PATTERN has a character for each. Generators and the switch follow the same plan
 * without a word between them. In every slot only the middle is counted: GUARD is left out behind its beginning, when what was under
 * way before still arrives and the switch may be late, and TAIL before its end.
 *
 *   waggle-load slots MODE ADDR PORT START SLOT GUARD TAIL PATTERN [COUNT]     (the times in ns)
 *       sends in slots with an 'x' and is still in those with a '.'; prints, for each slot, units and nanoseconds: bytes ("stream"),
 *       transactions ("rr" with COUNT connections at a time, "connect" with a connection for each), datagrams received ("udp").
 *   waggle-load switch START SLOT GUARD TAIL PATTERN CPUSTAT MAP...
 *       writes 0 ('x') or 1 ('.') to the first word of row 0 of the pinned maps at the beginning of each slot; prints, for each slot, by how
 *       many ns it came late, and how much CPU time (ns) the cgroup and the ksoftirqd used while the generators count. Holds the CPUs
 *       awake meanwhile: a halted virtual CPU takes tens of µs to answer, which is no property of any path.
 *   waggle-load gather CGROUP CPU                                               (gather.h)
 */
#include <dirent.h>
#include <linux/bpf.h>
#include <sys/syscall.h>

#define SECOND 1000000000LL

struct plan {
	int64_t start, slot, guard, tail;
	const char *pattern;
	int64_t count;
};

static int64_t monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static void sleep_until(int64_t when)
{
	struct timespec t = { when / SECOND, when % SECOND };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static struct plan read_plan(char **words)
{
	struct plan plan = { atoll(words[0]), atoll(words[1]), atoll(words[2]), atoll(words[3]), words[4], (int64_t)strlen(words[4]) };

	if (plan.slot <= plan.guard + plan.tail || plan.guard < 0 || plan.tail < 0 || !plan.count) {
		fprintf(stderr, "waggle-load: slots must be longer than what is left out of them\n");
		exit(2);
	}
	return plan;
}

/* A generator: what `unit` does is one transaction, burst or chunk; `units` tells how many there were so far. */
struct generator {
	int fd, control, count;
	struct endpoint peer, request;
	struct pollfd *fds;
	uint64_t done;
	void (*unit)(struct generator *g);
	uint64_t (*units)(struct generator *g);
};

static char slot_buffer[STREAM_CHUNK];

static uint64_t units_done(struct generator *g)
{
	return g->done;
}

/* Once nothing is under way: a receiver's queue holds more than a slot brings. */
static uint64_t units_received(struct generator *g)
{
	uint64_t before, count = ask_count(g->control);
	int patience = 100;

	do {
		before = count;
		usleep(100);
		count = ask_count(g->control);
	} while (count != before && --patience);
	return count;
}

static void unit_stream(struct generator *g)
{
	send_all(g->fd, slot_buffer, 64 * 1024);
	g->done += 64 * 1024;
}

static void unit_rr(struct generator *g)
{
	char byte = 'x';

	send_all(g->fd, &byte, 1);
	receive_all(g->fd, &byte, 1);
	g->done++;
}

static void unit_many(struct generator *g)
{
	char byte;

	if (poll(g->fds, (nfds_t)g->count, 1000) <= 0)
		die("poll");
	for (int i = 0; i < g->count; i++) {
		if (!g->fds[i].revents)
			continue;
		receive_all(g->fds[i].fd, &byte, 1);
		send_all(g->fds[i].fd, &byte, 1);
		g->done++;
	}
}

static void unit_connect(struct generator *g)
{
	int fd = open_socket(&g->request, SOCK_STREAM, 0);
	char byte = 'x';

	send_all(fd, &byte, 1);
	receive_all(fd, &byte, 1);
	if (recv(fd, &byte, 1, 0) != 0) /* the other end closes first, and keeps what has to be remembered */
		die("end of the connection");
	close(fd);
	g->done++;
}

static void unit_udp(struct generator *g)
{
	static struct mmsghdr messages[UDP_BATCH];
	static struct iovec part = { slot_buffer, 64 };

	for (int i = 0; i < UDP_BATCH; i++) {
		messages[i].msg_hdr.msg_iov = &part;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	if (sendmmsg(g->fd, messages, UDP_BATCH, 0) < 0 && errno != ENOBUFS && errno != EAGAIN && errno != ECONNREFUSED)
		die("sendmmsg");
}

static void open_generator(struct generator *g, const char *mode, const char *address, const char *port, int count)
{
	char next[16], byte = 'x';

	g->peer = parse(address, port);
	g->units = units_done;
	g->count = count;
	if (!strcmp(mode, "udp")) {
		g->control = open_socket(&g->peer, SOCK_STREAM, 0);
		g->fd = open_socket(&g->peer, SOCK_DGRAM, 0);
		send_all(g->control, "U", 1);
		g->unit = unit_udp;
		g->units = units_received;
	} else if (!strcmp(mode, "connect")) {
		snprintf(next, sizeof(next), "%d", atoi(port) + 1);
		g->request = parse(address, next);
		g->unit = unit_connect;
	} else if (!strcmp(mode, "stream") || (!strcmp(mode, "rr") && count == 1)) {
		g->fd = open_socket(&g->peer, SOCK_STREAM, 0);
		send_all(g->fd, mode[0] == 's' ? "S" : "R", 1);
		g->unit = mode[0] == 's' ? unit_stream : unit_rr;
	} else if (!strcmp(mode, "rr") && count > 1 && (g->fds = calloc((size_t)count, sizeof(*g->fds)))) {
		for (int i = 0; i < count; i++) {
			g->fds[i] = (struct pollfd){ .fd = open_socket(&g->peer, SOCK_STREAM, 0), .events = POLLIN };
			send_all(g->fds[i].fd, "R", 1);
			send_all(g->fds[i].fd, &byte, 1);
		}
		g->unit = unit_many;
	} else {
		fprintf(stderr, "waggle-load: no mode '%s' with %d connections\n", mode, count);
		exit(2);
	}
}

static int slots(int argc, char **argv)
{
	struct plan plan = read_plan(argv + 5);
	struct generator g = { 0 };

	open_generator(&g, argv[2], argv[3], argv[4], argc > 10 ? atoi(argv[10]) : 1);
	for (int64_t i = 0; i < plan.count; i++) {
		int64_t begins = plan.start + i * plan.slot, ends = begins + plan.slot, before = 0, now = monotonic();
		uint64_t first = 0;

		if (plan.pattern[i] != 'x') {
			printf("0 0\n");
			continue;
		}
		if (now < begins)
			sleep_until(begins);
		while ((now = monotonic()) < ends - plan.tail) {
			if (!before && now >= begins + plan.guard) {
				first = g.units(&g);
				before = monotonic();
			}
			g.unit(&g);
		}
		if (before) {
			uint64_t last = g.units(&g);

			printf("%llu %lld\n", (unsigned long long)(last - first), (long long)(monotonic() - before));
		} else {
			printf("0 0\n");
		}
		while (monotonic() < ends)
			g.unit(&g);
	}
	return 0;
}

static int64_t first_number(int fd, const char *behind)
{
	char text[512];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	const char *at;

	if (n <= 0)
		return 0;
	text[n] = 0;
	at = strstr(text, behind);
	return at ? atoll(at + strlen(behind)) : 0;
}

#define MOST_CPUS 64

/* CPU time of the packets' threads, which belong to no cgroup. */
static int open_ksoftirqd(int *fds)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	int count = 0;

	while (processes && (entry = readdir(processes)) && count < MOST_CPUS) {
		char path[300], name[32] = "";
		int fd;

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (read(fd, name, sizeof(name) - 1) > 0 && !strncmp(name, "ksoftirqd/", 10)) {
			snprintf(path, sizeof(path), "/proc/%s/schedstat", entry->d_name);
			fds[count] = open(path, O_RDONLY | O_CLOEXEC);
			count += fds[count] >= 0;
		}
		close(fd);
	}
	if (processes)
		closedir(processes);
	return count;
}

static void write_word(int map, uint32_t word)
{
	uint32_t key = 0, row[2] = { word, 0 };
	union bpf_attr attributes;

	memset(&attributes, 0, sizeof(attributes));
	attributes.map_fd = (uint32_t)map;
	attributes.key = (uintptr_t)&key;
	attributes.value = (uintptr_t)row;
	if (syscall(__NR_bpf, BPF_MAP_UPDATE_ELEM, &attributes, sizeof(attributes)) < 0)
		die("write map");
}

static void write_all(const int *maps, int count, uint32_t word)
{
	for (int i = 0; i < count; i++)
		write_word(maps[i], word);
}

static int open_map(const char *path)
{
	union bpf_attr attributes;
	int fd;

	memset(&attributes, 0, sizeof(attributes));
	attributes.pathname = (uintptr_t)path;
	fd = (int)syscall(__NR_bpf, BPF_OBJ_GET, &attributes, sizeof(attributes));
	if (fd < 0)
		die(path);
	return fd;
}

static int64_t used_cpu(int stat, const int *threads, int count)
{
	int64_t used = first_number(stat, "usage_usec ") * 1000;

	for (int i = 0; i < count; i++)
		used += first_number(threads[i], "");
	return used;
}

static int switch_slots(int argc, char **argv)
{
	struct plan plan = read_plan(argv + 2);
	int stat = open(argv[7], O_RDONLY | O_CLOEXEC), latency = open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC);
	int threads[MOST_CPUS], thread_count = open_ksoftirqd(threads), maps[MOST_CPUS], map_count = 0;
	struct sched_param urgent = { .sched_priority = 1 };
	int32_t none = 0;

	if (stat < 0)
		die(argv[7]);
	for (int i = 8; i < argc && map_count < MOST_CPUS; i++)
		maps[map_count++] = open_map(argv[i]);
	if (latency >= 0 && write(latency, &none, sizeof(none)) != sizeof(none))
		fprintf(stderr, "waggle-load: CPUs may halt\n");
	sched_setscheduler(0, SCHED_FIFO, &urgent);
	write_all(maps, map_count, plan.pattern[0] != 'x');
	for (int64_t i = 0; i < plan.count; i++) {
		int64_t begins = plan.start + i * plan.slot, late, before;

		sleep_until(begins);
		write_all(maps, map_count, plan.pattern[i] != 'x');
		late = monotonic() - begins;
		sleep_until(begins + plan.guard);
		before = used_cpu(stat, threads, thread_count);
		sleep_until(begins + plan.slot - plan.tail);
		printf("%lld %lld\n", (long long)late, (long long)(used_cpu(stat, threads, thread_count) - before));
	}
	sleep_until(plan.start + plan.count * plan.slot);
	write_all(maps, map_count, 0);
	return 0;
}
