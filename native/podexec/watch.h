/* One process from its fork to its end, and what the daemon hears of it. */
#ifndef WAGGLE_PODEXEC_WATCH_H
#define WAGGLE_PODEXEC_WATCH_H

#include "process.h"
#include <sys/wait.h>

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

#endif
