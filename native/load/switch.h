/*
 * waggle-load switch START SLOT GUARD TAIL PATTERN CPUSTAT MAP...: writes 0 ('x') or 1 ('.') to the first word of row 0 of the pinned maps
 * at the beginning of each slot (plan.h); prints, for each slot, by how many ns it came late, and how much CPU time (ns) the cgroup and
 * the ksoftirqd used while the generators count. Holds the CPUs awake meanwhile: a halted virtual CPU takes tens of µs to answer, which
 * is no property of any path.
 */
#ifndef WAGGLE_LOAD_SWITCH_H
#define WAGGLE_LOAD_SWITCH_H

#include "plan.h"
#include <dirent.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST_CPUS 64
#define MOST_MAPS 64

/* The pinned maps. */
struct switches {
	int fds[MOST_MAPS], count;
};

static struct switches open_switches(char **paths)
{
	struct switches switches = { .count = 0 };

	for (; *paths && switches.count < MOST_MAPS; paths++) {
		union bpf_attr attributes;
		int fd;

		memset(&attributes, 0, sizeof(attributes));
		attributes.pathname = (uintptr_t)*paths;
		fd = (int)syscall(__NR_bpf, BPF_OBJ_GET, &attributes, sizeof(attributes));
		if (fd < 0)
			die(*paths);
		switches.fds[switches.count++] = fd;
	}
	return switches;
}

static void write_switches(const struct switches *switches, uint32_t word)
{
	uint32_t key = 0, row[2] = { word, 0 };

	for (int i = 0; i < switches->count; i++) {
		union bpf_attr attributes;

		memset(&attributes, 0, sizeof(attributes));
		attributes.map_fd = (uint32_t)switches->fds[i];
		attributes.key = (uintptr_t)&key;
		attributes.value = (uintptr_t)row;
		if (syscall(__NR_bpf, BPF_MAP_UPDATE_ELEM, &attributes, sizeof(attributes)) < 0)
			die("write map");
	}
}

/* Whose CPU time is told: a cgroup's, and that of the packets' threads, which belong to none. */
struct users {
	int cgroup, threads[MOST_CPUS], count;
};

static struct users open_users(const char *cpu_stat)
{
	struct users users = { .cgroup = open(cpu_stat, O_RDONLY | O_CLOEXEC) };
	DIR *processes = opendir("/proc");
	struct dirent *entry;

	if (users.cgroup < 0)
		die(cpu_stat);
	while (processes && (entry = readdir(processes)) && users.count < MOST_CPUS) {
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
			users.threads[users.count] = open(path, O_RDONLY | O_CLOEXEC);
			users.count += users.threads[users.count] >= 0;
		}
		close(fd);
	}
	if (processes)
		closedir(processes);
	return users;
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

static int64_t used_cpu(const struct users *users)
{
	int64_t used = first_number(users->cgroup, "usage_usec ") * 1000;

	for (int i = 0; i < users->count; i++)
		used += first_number(users->threads[i], "");
	return used;
}

/* Before everybody else, and on CPUs that do not halt while the file is open. */
static void stay_awake(void)
{
	int latency = open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC);
	struct sched_param urgent = { .sched_priority = 1 };
	int32_t none = 0;

	if (latency >= 0 && write(latency, &none, sizeof(none)) != sizeof(none))
		fprintf(stderr, "waggle-load: CPUs may halt\n");
	sched_setscheduler(0, SCHED_FIFO, &urgent);
}

static int switch_slots(char **words)
{
	struct plan plan = read_plan(words);
	struct users users = open_users(words[PLAN_WORDS]);
	struct switches switches = open_switches(words + PLAN_WORDS + 1);

	stay_awake();
	write_switches(&switches, !is_marked(&plan, 0));
	for (int64_t i = 0; i < plan.count; i++) {
		int64_t begins = plan.start + i * plan.slot, late, before;

		sleep_until(begins);
		write_switches(&switches, !is_marked(&plan, i));
		late = now() - begins;
		sleep_until(begins + plan.guard);
		before = used_cpu(&users);
		sleep_until(begins + plan.slot - plan.tail);
		printf("%lld %lld\n", (long long)late, (long long)(used_cpu(&users) - before));
	}
	sleep_until(plan.start + plan.count * plan.slot);
	write_switches(&switches, 0);
	return 0;
}

#endif
