/* The last steps of a process before it becomes the program that was asked for. */
#ifndef WAGGLE_PODEXEC_PROCESS_H
#define WAGGLE_PODEXEC_PROCESS_H

#include "wire.h"
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>

static void write_file(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);
	if (file < 0 || write(file, text, strlen(text)) < 0)
		die("setup", "cannot write %s to %s: %s", text, path, strerror(errno));
	close(file);
}

/* A new terminal of this tree's /dev/pts becomes the controlling terminal; the daemon gets its other end. */
static void open_terminal(const struct request *request, int connection)
{
	int unlock = 0, number;
	struct winsize size = { .ws_row = (unsigned short)atoi(get(request, "rows", "24")), .ws_col = (unsigned short)atoi(get(request, "columns", "80")) };
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0 || ioctl(master, TIOCGPTN, &number) < 0)
		die("setup", "cannot open a terminal: %s", strerror(errno));
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	if (slave < 0 || ioctl(master, TIOCSWINSZ, &size) < 0)
		die("setup", "cannot open the terminal %d: %s", number, strerror(errno));
	reply_with_fd(connection, "tty\n", master);
	close(master);
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		die("setup", "cannot take the terminal: %s", strerror(errno));
	for (int fd = 0; fd < 3; fd++)
		if (dup2(slave, fd) < 0)
			die("setup", "cannot use the terminal: %s", strerror(errno));
	if (slave > 2)
		close(slave);
	/* Programs that run as another user must be able to open their own terminal. */
	uid_t uid = (uid_t)atol(get(request, "uid", "0"));
	if (uid && fchown(0, uid, (gid_t)-1) < 0)
		die("setup", "cannot give the terminal to user %u: %s", uid, strerror(errno));
}

static void set_streams(const struct request *request, int connection)
{
	setsid();
	if (flag(request, "tty")) {
		open_terminal(request, connection);
		return;
	}
	int fds[3];
	for (int i = 0; i < 3; i++) {
		fds[i] = i < request->fd_count ? request->fds[i] : open("/dev/null", O_RDWR | O_CLOEXEC);
		/* Descriptors that already sit at 0..2 would be overwritten before they are used. */
		if (fds[i] >= 0 && fds[i] < 3)
			fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		if (fds[i] < 0)
			die("setup", "cannot open a standard stream: %s", strerror(errno));
	}
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			die("setup", "cannot set a standard stream: %s", strerror(errno));
}

/* Reduces the capabilities to `keep`, now and for all programs executed later, and becomes the user asked for. */
static void become_user(const struct request *request)
{
	unsigned long long keep = strtoull(get(request, "caps", "ffffffffffffffff"), NULL, 16);
	uid_t uid = (uid_t)atol(get(request, "uid", "0"));
	gid_t gid = (gid_t)atol(get(request, "gid", "0"));
	size_t count;
	char **texts = all(request, "group", &count);
	gid_t groups[64];

	if (count > 64)
		die("setup", "more than 64 supplemental groups");
	for (size_t i = 0; i < count; i++)
		groups[i] = (gid_t)atol(texts[i]);
	if (setgroups(count, groups) < 0)
		die("setup", "cannot set the groups: %s", strerror(errno));
	for (int capability = 0; capability < 64; capability++) {
		if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) < 0)
			break; /* past the last capability of this kernel */
		if (!(keep >> capability & 1) && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
			die("setup", "cannot drop capability %d: %s", capability, strerror(errno));
	}
	if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		die("setup", "cannot become user %u:%u: %s", uid, gid, strerror(errno));
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	if (syscall(SYS_capget, &header, data) < 0)
		die("setup", "cannot read the capabilities: %s", strerror(errno));
	for (int half = 0; half < 2; half++) {
		data[half].permitted &= (uint32_t)(keep >> (32 * half));
		data[half].effective &= data[half].permitted;
		data[half].inheritable = 0;
	}
	if (syscall(SYS_capset, &header, data) < 0)
		die("setup", "cannot set the capabilities: %s", strerror(errno));
	if (flag(request, "nonewprivs") && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		die("setup", "cannot set no_new_privs: %s", strerror(errno));
}

static void reset_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	for (int number = 1; number < 65; number++)
		signal(number, SIG_DFL); /* KILL, STOP and glibc's own refuse, rightly */
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Looks the program up in the PATH of its own environment and executes it. */
static _Noreturn void execute(const struct request *request)
{
	char **arguments = all(request, "arg", NULL), **environment = all(request, "env", NULL);
	const char *name = arguments[0], *path = NULL;
	int refused = ENOENT;

	if (!name || !*name)
		die("setup", "no command to run");
	for (char **variable = environment; *variable; variable++)
		if (strncmp(*variable, "PATH=", 5) == 0)
			path = *variable + 5;
	if (strchr(name, '/')) {
		execve(name, arguments, environment);
		die(errno == ENOENT ? "notfound" : "noexec", "exec: \"%s\": stat %s: %s", name, name, strerror(errno));
	}
	for (const char *part = path ? path : ""; *part;) {
		const char *end = strchrnul(part, ':');
		char candidate[4096];
		snprintf(candidate, sizeof(candidate), "%.*s/%s", (int)(end - part), part, name);
		struct stat found;
		if (stat(candidate, &found) == 0 && S_ISREG(found.st_mode)) {
			execve(candidate, arguments, environment);
			refused = errno;
		}
		part = *end ? end + 1 : end;
	}
	if (refused == ENOENT)
		die("notfound", "exec: \"%s\": executable file not found in $PATH", name);
	die("noexec", "exec: \"%s\": %s", name, strerror(refused));
}

/* Becomes the program of the request; everything about namespaces and files is already as it should be. */
static _Noreturn void start_program(const struct request *request, int connection)
{
	const char *directory = get(request, "cwd", "/");
	set_streams(request, connection);
	reset_signals();
	umask(022);
	if (chdir(directory) < 0 && (mkdir(directory, 0755) < 0 || chdir(directory) < 0))
		die("setup", "cannot change to the working directory %s: %s", directory, strerror(errno));
	const char *score = get(request, "oomscore", NULL);
	if (score)
		write_file("/proc/self/oom_score_adj", score);
	if (syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */) < 0)
		die("setup", "cannot mark descriptors: %s", strerror(errno));
	become_user(request);
	/* After become_user, which clears it: whoever watches this process must not die without it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	execute(request);
}

#endif
