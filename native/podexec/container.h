/* The requests that start a process: `run`, `exec` and `tool`. */
#ifndef WAGGLE_PODEXEC_CONTAINER_H
#define WAGGLE_PODEXEC_CONTAINER_H

#include "cgroup.h"
#include "system.h"
#include "watch.h"

#define CONTAINERS "/var/lib/waggle/containers"
#define LOWER "/var/lib/waggle/machine" /* the machine's own root, as the node sees it */

static void join_namespace(const struct request *request, const char *key, int type)
{
	const char *path = get(request, key, NULL);
	if (!path)
		return; /* the node's own */
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0 || setns(file, type) < 0)
		die("setup", "cannot enter the namespace %s: %s", path, strerror(errno));
	close(file);
}

/* The first process of a container: builds the tree around itself and becomes the container's program. */
static _Noreturn void be_container(const struct request *request, int connection, int cgroup, const char *directory)
{
	bool privileged = flag(request, "privileged");
	join_cgroup(cgroup);
	join_namespace(request, "ns.net", CLONE_NEWNET);
	join_namespace(request, "ns.ipc", CLONE_NEWIPC);
	join_namespace(request, "ns.uts", CLONE_NEWUTS);
	if (unshare(CLONE_NEWNS | (privileged ? 0 : CLONE_NEWCGROUP)) < 0)
		die("setup", "cannot make namespaces: %s", strerror(errno));
	/* What is mounted below stays here; everything else keeps its peers so that volumes can propagate. */
	if (mount(NULL, CONTAINERS, NULL, MS_PRIVATE, NULL) < 0)
		die("setup", "cannot make " CONTAINERS " private: %s", strerror(errno));
	int root = mount_overlay(LOWER, directory);
	/* What the machine keeps in these places is none of a container's business. */
	mount_in_root(root, "tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755");
	mount_in_root(root, "tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777");
	mount_in_root(root, "tmpfs", "/var/lib/waggle", MS_NOSUID | MS_NODEV, "mode=755,size=4k");
	mount_system(root, privileged);
	attach_binds(root, request);
	enter_root(root);
	if (!privileged) {
		make_read_only("/proc/sys");
		make_read_only("/proc/sysrq-trigger");
		hide_file("/proc/kcore");
		hide_file("/proc/keys");
	}
	if (flag(request, "readonly")) {
		struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
		if (mount_setattr(AT_FDCWD, "/", 0, &attributes, sizeof(attributes)) < 0)
			die("setup", "cannot make the root read-only: %s", strerror(errno));
	}
	start_program(request, connection);
}

static void serve_run(int connection, const struct request *request)
{
	char directory[512];
	int errors[2];
	snprintf(directory, sizeof(directory), CONTAINERS "/%s", need(request, "id"));
	int cgroup = make_cgroup(need(request, "cgroup"));
	limit_cgroup(cgroup, request);
	bool own_processes = !flag(request, "hostpid");
	if (own_processes && unshare(CLONE_NEWPID) < 0)
		die("setup", "cannot make a PID namespace: %s", strerror(errno));
	pid_t pid = fork_reporting(errors);
	if (pid == 0)
		be_container(request, connection, cgroup, directory);
	close_streams(request);
	bool started = has_started(connection, errors[0], pid);
	int status = watch(connection, pid, own_processes);
	bool oom = was_oom_killed(cgroup);
	kill_cgroup(cgroup);
	/* With the first process all others of its PID namespace have ended; only those of the node's own may still be ending. */
	for (int attempt = 0; attempt < 100 && unlinkat(node_cgroup, need(request, "cgroup"), AT_REMOVEDIR) < 0 && errno == EBUSY; attempt++)
		usleep(1000);
	if (started)
		reply_exit(connection, status, oom);
	shutdown(connection, SHUT_RDWR);
	remove_tree(directory);
}

/* The process that the daemon knows as `pid` may have ended and its number been used again: its cgroup tells. */
static void check_container(pid_t pid, const char *cgroup)
{
	char path[64], text[4096] = "";
	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = file < 0 ? -1 : read(file, text, sizeof(text) - 1);
	if (file >= 0)
		close(file);
	char *line = length > 0 ? strstr(text, "0::") : NULL;
	if (line)
		line[strcspn(line, "\n")] = '\0';
	if (!line || strcmp(line + 3 + (line[3] == '/'), cgroup) != 0)
		die("gone", "the container is not running");
}

static void serve_exec(int connection, const struct request *request)
{
	int errors[2];
	const char *path = need(request, "cgroup");
	pid_t target = (pid_t)atol(need(request, "pid"));
	int process = (int)syscall(SYS_pidfd_open, target, 0);
	if (process < 0)
		die("gone", "the container is not running");
	check_container(target, path);
	int cgroup = make_cgroup(path);
	if (setns(process, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP) < 0)
		die(errno == ESRCH ? "gone" : "setup", "cannot enter the container: %s", strerror(errno));
	pid_t pid = fork_reporting(errors);
	if (pid == 0) {
		join_cgroup(cgroup);
		start_program(request, connection);
	}
	close_streams(request);
	bool started = has_started(connection, errors[0], pid);
	int status = watch(connection, pid, false);
	if (started)
		reply_exit(connection, status, false);
}

static void serve_tool(int connection, const struct request *request)
{
	int errors[2];
	pid_t pid = fork_reporting(errors);
	if (pid == 0)
		start_program(request, connection);
	close_streams(request);
	bool started = has_started(connection, errors[0], pid);
	int status = watch(connection, pid, false);
	if (started)
		reply_exit(connection, status, false);
}

#endif
