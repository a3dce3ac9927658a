/* The cgroups of a node and of its containers. */
#ifndef WAGGLE_PODEXEC_CGROUP_H
#define WAGGLE_PODEXEC_CGROUP_H

#include "rootfs.h"

static int node_cgroup = -1; /* the node's cgroup directory, opened before the node had a file system of its own */

static int make_cgroup(const char *path)
{
	int directory = make_in_root(node_cgroup, path, true);
	char opened[64];
	snprintf(opened, sizeof(opened), "/proc/self/fd/%d", directory);
	int readable = open(opened, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(directory);
	if (readable < 0)
		die("setup", "cannot open the cgroup %s: %s", path, strerror(errno));
	return readable;
}

static void join_cgroup(int cgroup)
{
	int procs = openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (procs < 0 || write(procs, "0", 1) < 0)
		die("setup", "cannot join the cgroup: %s", strerror(errno));
	close(procs);
}

/* Limits such as "memory.max=1000"; a controller that this machine does not offer here is passed over. */
static void limit_cgroup(int cgroup, const struct request *request)
{
	for (const char *field = NULL; (field = next_field(request, field));) {
		char name[64];
		const char *value = value_of(field, "limit");
		const char *equals = value ? strchr(value, '=') : NULL;
		if (!equals || equals - value >= (long)sizeof(name))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(equals - value), value);
		int file = openat(cgroup, name, O_WRONLY | O_CLOEXEC);
		if (file < 0)
			continue;
		if (write(file, equals + 1, strlen(equals + 1)) < 0)
			die("setup", "cannot set %s: %s", value, strerror(errno));
		close(file);
	}
}

static bool was_oom_killed(int cgroup)
{
	char events[512] = "";
	int file = openat(cgroup, "memory.events", O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return false;
	ssize_t length = read(file, events, sizeof(events) - 1);
	close(file);
	const char *kills = length > 0 ? strstr(events, "oom_kill ") : NULL;
	return kills && atol(kills + 9) > 0;
}

static void kill_cgroup(int cgroup)
{
	int file = openat(cgroup, "cgroup.kill", O_WRONLY | O_CLOEXEC);
	if (file < 0)
		return;
	if (write(file, "1", 1) < 0)
		reply(report_fd, "error setup cannot kill the cgroup: %s\n", strerror(errno));
	close(file);
}

#endif
