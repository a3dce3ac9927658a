/*
 * waggle-podexec: makes the nodes of a lab and the containers on them.
 *
 *   waggle-podexec node    reads a node's specification from standard input, makes the node and serves it
 *   waggle-podexec pause   waits for SIGTERM; what the `pause` image does
 *
 * Why a program of its own, in C: mount, PID and network namespaces must be entered by a process that has no threads yet.
 *
 * A node is a process (the holder) that is PID 1 in its own PID, mount, network, UTS, IPC and cgroup namespaces, with an overlay of
 * the machine's file system as its root. The holder listens on a Unix socket; each connection is one request, served by a forked
 * process (the monitor) that lives as long as what it started:
 *
 *   run        a container: own root, own PID namespace, the pod's network, UTS and IPC namespaces
 *   exec       one more process in a running container
 *   tool       a program in the node itself, e.g. a CNI plugin
 *   sandbox    makes a pod's network, UTS and IPC namespaces (kept by bind mounts under /run); unsandbox takes them away
 *
 * Request: 4 bytes of length (big endian), then NUL-terminated "key=value" fields; up to three descriptors (stdin, stdout, stderr)
 * travel with the first bytes. Replies are lines: "tty" (with the terminal's descriptor), "ok PID", "error KIND MESSAGE",
 * "exit CODE SIGNAL OOM". The daemon may send "signal N" at any time; when it closes the connection the process is killed.
 *
 * Nothing outlives the daemon: standard input of the node's first process is a pipe that nobody writes to; when the daemon dies the
 * pipe ends, the holder is killed, and with PID 1 the kernel kills every process of the node. The last process of a namespace takes
 * its mounts, interfaces and routes with it.
 */
#include "process.h"
#include "rootfs.h"
#include <net/if.h>
#include <sys/signalfd.h>
#include <sys/un.h>
#include <sys/wait.h>

#define CONTAINERS "/var/lib/waggle/containers"
#define SANDBOXES "/run/waggle/pods"
#define NETNS "/run/netns"
#define LOWER "/var/lib/waggle/machine"

static int node_cgroup = -1; /* the node's cgroup directory, opened before the node had a file system of its own */

/* ---- cgroups ---- */

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

/* ---- watching one process ---- */

/* True when SIGTERM would do nothing to `pid`, the first process of its PID namespace: the kernel drops signals it does not handle. */
static bool ignores_termination(pid_t pid)
{
	char path[64], status[4096] = "";
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return false;
	ssize_t length = read(file, status, sizeof(status) - 1);
	close(file);
	unsigned long long handled = 0;
	static const char *const sets[] = { "SigCgt:", "SigBlk:", "SigIgn:" };
	for (size_t i = 0; length > 0 && i < 3; i++) {
		const char *set = strstr(status, sets[i]);
		handled |= set ? strtoull(set + 7, NULL, 16) : 0;
	}
	return length > 0 && !(handled >> (SIGTERM - 1) & 1);
}

/* Sends a signal the daemon asked for. A first process that has no handler for SIGTERM would only wait for the end of its grace
 * period, as everyone knows from `sleep`; it is killed at once instead. */
static void forward_signal(pid_t pid, int number, bool first)
{
	if (number == SIGTERM && first && ignores_termination(pid))
		number = SIGKILL;
	if (number > 0 && number < 65)
		kill(pid, number);
}

static void read_commands(int connection, pid_t pid, bool first, bool *gone)
{
	char text[256];
	ssize_t length = recv(connection, text, sizeof(text) - 1, MSG_DONTWAIT);
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length <= 0) {
		*gone = true;
		kill(pid, SIGKILL);
		return;
	}
	text[length] = '\0';
	for (char *line = text; (line = strstr(line, "signal ")); line += 7)
		forward_signal(pid, atoi(line + 7), first);
}

/* Waits until `pid` ends, carrying signals to it; a daemon that leaves takes it along. Returns its wait status. */
static int watch(int connection, pid_t pid, bool first)
{
	int status, process = (int)syscall(SYS_pidfd_open, pid, 0);
	bool gone = false;
	if (process < 0)
		die("setup", "cannot watch process %d: %s", pid, strerror(errno));
	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct pollfd events[2] = { { .fd = process, .events = POLLIN }, { .fd = gone ? -1 : connection, .events = POLLIN } };
		if (poll(events, 2, -1) < 0 && errno != EINTR)
			die("setup", "cannot poll: %s", strerror(errno));
		if (events[1].revents)
			read_commands(connection, pid, first, &gone);
	}
	close(process);
	return status;
}

static void reply_exit(int connection, int status, bool oom)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	reply(connection, "exit %d %d %d\n", code, WIFSIGNALED(status) ? WTERMSIG(status) : 0, oom);
}

/* Reads what the new process reports until it has become its program. True when it has. */
static bool has_started(int connection, int errors, pid_t pid)
{
	char text[1200];
	ssize_t length;
	while ((length = read(errors, text, sizeof(text) - 1)) < 0 && errno == EINTR)
		;
	close(errors);
	if (length <= 0) {
		reply(connection, "ok %d\n", pid);
		return true;
	}
	text[length] = '\0';
	send(connection, text, (size_t)length, MSG_NOSIGNAL);
	return false;
}

static pid_t fork_reporting(int errors[2])
{
	if (pipe2(errors, O_CLOEXEC) < 0)
		die("setup", "cannot make a pipe: %s", strerror(errno));
	pid_t pid = fork();
	if (pid < 0)
		die("setup", "cannot fork: %s", strerror(errno));
	if (pid == 0)
		report_fd = errors[1];
	else
		close(errors[1]);
	return pid;
}

static void close_streams(const struct request *request)
{
	for (int i = 0; i < request->fd_count; i++)
		close(request->fds[i]);
}

/* ---- requests ---- */

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

static void mount_system(int root, bool privileged)
{
	mount_in_root(root, "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_in_root(root, "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC | (privileged ? 0 : MS_RDONLY), NULL);
	int parent = open_in_root(root, "/sys/fs/cgroup", O_PATH | O_DIRECTORY);
	if (parent >= 0) {
		close(parent);
		mount_in_root(root, "cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC | (privileged ? 0 : MS_RDONLY), NULL);
	}
	mount_dev(root, privileged);
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

static void raise_loopback(void)
{
	struct ifreq interface = { .ifr_name = "lo" };
	int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (any < 0 || ioctl(any, SIOCGIFFLAGS, &interface) < 0)
		die("setup", "cannot find lo: %s", strerror(errno));
	interface.ifr_flags |= IFF_UP;
	if (ioctl(any, SIOCSIFFLAGS, &interface) < 0)
		die("setup", "cannot raise lo: %s", strerror(errno));
	close(any);
}

/* Writes "sysctl=net.ipv4.ip_forward=1" fields; a parameter that this kernel does not have is an error of the request. */
static void set_sysctls(const struct request *request)
{
	for (const char *field = NULL; (field = next_field(request, field));) {
		char path[512];
		const char *value = value_of(field, "sysctl");
		const char *equals = value ? strchr(value, '=') : NULL;
		if (!equals)
			continue;
		int length = snprintf(path, sizeof(path), "/proc/sys/%.*s", (int)(equals - value), value);
		if (length >= (int)sizeof(path) || strstr(path, ".."))
			die("setup", "the sysctl %s is refused", value);
		for (char *c = path + strlen("/proc/sys/"); *c; c++)
			if (*c == '.')
				*c = '/';
		write_file(path, equals + 1);
	}
}

static void keep_namespace(const char *name, const char *path)
{
	char source[64];
	snprintf(source, sizeof(source), "/proc/self/ns/%s", name);
	int file = open(path, O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC, 0444);
	if (file < 0)
		die("setup", "cannot make %s: %s", path, strerror(errno));
	close(file);
	if (mount(source, path, NULL, MS_BIND, NULL) < 0)
		die("setup", "cannot keep the namespace %s: %s", path, strerror(errno));
}

static void sandbox_path(char path[512], const char *id, const char *name)
{
	if (strchr(id, '/'))
		die("setup", "the pod id %s is refused", id);
	if (strcmp(name, "net") == 0)
		snprintf(path, 512, NETNS "/%s", id);
	else
		snprintf(path, 512, SANDBOXES "/%s/%s", id, name);
}

static void serve_sandbox(int connection, const struct request *request)
{
	const char *id = need(request, "id"), *hostname = need(request, "hostname");
	bool own_network = !flag(request, "hostnetwork");
	char path[512];
	int here = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	close(make_in_root(here, NETNS, true));
	snprintf(path, sizeof(path), SANDBOXES "/%s", id);
	close(make_in_root(here, path, true));
	if (unshare(CLONE_NEWUTS | CLONE_NEWIPC | (own_network ? CLONE_NEWNET : 0)) < 0)
		die("setup", "cannot make the pod's namespaces: %s", strerror(errno));
	if (sethostname(hostname, strlen(hostname)) < 0)
		die("setup", "cannot set the host name %s: %s", hostname, strerror(errno));
	if (own_network)
		raise_loopback();
	set_sysctls(request);
	static const char *const names[] = { "uts", "ipc", "net" };
	for (int i = 0; i < (own_network ? 3 : 2); i++) {
		sandbox_path(path, id, names[i]);
		keep_namespace(names[i], path);
	}
	reply(connection, "ok %d\nexit 0 0 0\n", getpid());
}

/* Also for a sandbox that was made in part, or never: taking away what is not there is success. */
static void serve_unsandbox(int connection, const struct request *request)
{
	const char *id = need(request, "id"), *cgroup = get(request, "cgroup", NULL);
	static const char *const names[] = { "uts", "ipc", "net" };
	char path[512];
	for (int i = 0; i < 3; i++) {
		sandbox_path(path, id, names[i]);
		umount2(path, MNT_DETACH);
		unlink(path);
	}
	snprintf(path, sizeof(path), SANDBOXES "/%s", id);
	rmdir(path);
	if (cgroup)
		unlinkat(node_cgroup, cgroup, AT_REMOVEDIR);
	reply(connection, "ok %d\nexit 0 0 0\n", getpid());
}

static _Noreturn void serve(int connection)
{
	static const struct { const char *verb; void (*serve)(int, const struct request *); } verbs[] = {
		{ "run", serve_run }, { "exec", serve_exec }, { "tool", serve_tool }, { "sandbox", serve_sandbox }, { "unsandbox", serve_unsandbox },
	};
	struct request request;
	report_fd = connection;
	signal(SIGPIPE, SIG_IGN);
	read_request(connection, &request);
	const char *verb = need(&request, "verb");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(verb, verbs[i].verb) == 0) {
			verbs[i].serve(connection, &request);
			_exit(0);
		}
	}
	die("setup", "unknown verb %s", verb);
}

/* ---- the node ---- */

/* Builds the node's tree. `LOWER` inside it is the machine's own root, the lower layer of every container. */
static void build_node(const struct request *request)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		die("setup", "cannot make mounts private: %s", strerror(errno));
	int root = mount_overlay("/", need(request, "directory"));
	mount_in_root(root, "tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755,size=64m");
	mount_in_root(root, "tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777");
	mount_system(root, true);
	mount_in_root(root, "bpf", "/sys/fs/bpf", 0, "mode=700");
	struct bind machine = { .source = "/", .target = LOWER, .sub_path = "", .kind = "Directory", .propagation = "None", .read_only = true, .gid = -1 };
	attach_bind(root, &machine);
	attach_binds(root, request);
	enter_root(root);
	if (mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) < 0)
		die("setup", "cannot share the node's mounts: %s", strerror(errno));
}

static _Noreturn void hold_node(const struct request *request, int listener, int ready)
{
	const char *name = need(request, "name");
	sigset_t child;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (sethostname(name, strlen(name)) < 0)
		die("setup", "cannot set the host name %s: %s", name, strerror(errno));
	build_node(request);
	raise_loopback();
	set_sysctls(request);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	int ended = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (ended < 0 || write(ready, "ready\n", 6) < 0)
		die("setup", "cannot serve the node: %s", strerror(errno));
	close(ready);
	for (;;) {
		struct pollfd events[2] = { { .fd = listener, .events = POLLIN }, { .fd = ended, .events = POLLIN } };
		struct signalfd_siginfo info;
		if (poll(events, 2, -1) < 0 && errno != EINTR)
			die("setup", "cannot poll: %s", strerror(errno));
		while (read(ended, &info, sizeof(info)) > 0)
			;
		while (waitpid(-1, NULL, WNOHANG) > 0)
			; /* monitors, and orphans of containers that share the node's processes */
		if (!(events[0].revents & POLLIN))
			continue;
		int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		pid_t pid = connection < 0 ? -1 : fork();
		if (pid == 0) {
			close(listener);
			close(ended);
			sigprocmask(SIG_UNBLOCK, &child, NULL);
			serve(connection);
		}
		if (connection >= 0)
			close(connection); /* a fork that failed shows as a connection that ends without a reply */
	}
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address.sun_path))
		die("setup", "the socket path %s is too long", path);
	strcpy(address.sun_path, path);
	unlink(path);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 512) < 0)
		die("setup", "cannot listen at %s: %s", path, strerror(errno));
	return listener;
}

/* The node's cgroup becomes the root of its cgroup namespace; its own processes live in the leaf `system`. */
static void enter_node_cgroup(const char *path)
{
	node_cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (node_cgroup < 0)
		die("setup", "cannot open the cgroup %s: %s", path, strerror(errno));
	join_cgroup(node_cgroup);
	if (unshare(CLONE_NEWCGROUP) < 0)
		die("setup", "cannot make a cgroup namespace: %s", strerror(errno));
	int system = make_cgroup("system");
	join_cgroup(system);
	close(system);
}

static int make_node(void)
{
	struct request request;
	int ready[2];
	char word[1200];

	report_fd = 1;
	read_specification(0, &request);
	int listener = listen_at(need(&request, "socket"));
	enter_node_cgroup(need(&request, "cgroup"));
	if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC) < 0)
		die("setup", "cannot make the node's namespaces: %s", strerror(errno));
	if (pipe2(ready, O_CLOEXEC) < 0)
		die("setup", "cannot make a pipe: %s", strerror(errno));
	pid_t pid = fork();
	if (pid < 0)
		die("setup", "cannot fork: %s", strerror(errno));
	if (pid == 0) {
		close(ready[0]);
		/* Never leave 0 to 2 free: the next descriptor opened would become a standard stream. */
		int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (nothing < 0 || dup2(nothing, 0) < 0)
			die("setup", "cannot open /dev/null: %s", strerror(errno));
		close(nothing);
		report_fd = ready[1];
		hold_node(&request, listener, ready[1]);
	}
	close(ready[1]);
	close(listener);
	ssize_t length = read(ready[0], word, sizeof(word) - 1);
	word[length > 0 ? length : 0] = '\0';
	if (strcmp(word, "ready\n") != 0) {
		if (length <= 0)
			snprintf(word, sizeof(word), "error setup the node ended while it was made\n");
		return write(1, word, strlen(word)) < 0 ? 126 : 125;
	}
	if (dprintf(1, "ready %d\n", pid) < 0)
		kill(pid, SIGKILL);

	int process = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd events[2] = { { .fd = 0, .events = POLLIN }, { .fd = process, .events = POLLIN } };
	while (poll(events, 2, -1) < 0 && errno == EINTR)
		;
	kill(pid, SIGKILL); /* the daemon has ended, or the holder has */
	waitpid(pid, NULL, 0);
	return 0;
}

static int pause_until_terminated(void)
{
	sigset_t ending;
	int number;
	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGINT);
	sigprocmask(SIG_BLOCK, &ending, NULL);
	return sigwait(&ending, &number) == 0 ? 0 : 1;
}

int main(int count, char **arguments)
{
	if (count == 2 && strcmp(arguments[1], "pause") == 0)
		return pause_until_terminated();
	if (count == 2 && strcmp(arguments[1], "node") == 0)
		return make_node();
	fprintf(stderr, "usage: waggle-podexec node < specification\nStarted by `waggle lab`; it has no use of its own.\n");
	return 2;
}
