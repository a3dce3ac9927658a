/* A node: the process that makes it, and the holder that serves its requests. */
#ifndef WAGGLE_PODEXEC_NODE_H
#define WAGGLE_PODEXEC_NODE_H

#include "container.h"
#include "sandbox.h"
#include <sys/signalfd.h>
#include <sys/un.h>

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

#endif
