/*
 * waggle-load serve ADDR PORT: the other end of every generator (service.h), a process for each connection, one for the datagrams and
 * one for the connections of one request each.
 */
#ifndef WAGGLE_LOAD_SERVER_H
#define WAGGLE_LOAD_SERVER_H

#include "datagrams.h"
#include "service.h"
#include "stream.h"
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static void echo(int fd)
{
	char byte;

	while (recv(fd, &byte, 1, 0) == 1)
		if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1)
			break;
}

static void serve_connection(int fd, volatile uint64_t *datagrams)
{
	uint64_t number;
	unsigned char byte;

	receive_all(fd, &byte, 1);
	switch ((enum service)byte) {
	case SERVICE_STREAM:
		number = discard_stream(fd);
		send_all(fd, &number, sizeof(number));
		break;
	case SERVICE_ECHO_ON:
		receive_all(fd, &byte, 1);
		stay_on_cpu(byte);
		echo(fd);
		number = (uint64_t)cpu_time();
		send_all(fd, &number, sizeof(number));
		break;
	case SERVICE_ECHO:
		echo(fd);
		break;
	case SERVICE_DATAGRAMS:
		while (recv(fd, &byte, 1, 0) == 1) {
			number = *datagrams;
			send_all(fd, &number, sizeof(number));
		}
		break;
	}
}

/* One byte asked and answered per connection; this end closes it. */
static void serve_requests(int listening)
{
	char byte;

	for (;;) {
		int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		if (recv(fd, &byte, 1, 0) == 1)
			send(fd, &byte, 1, MSG_NOSIGNAL);
		close(fd);
	}
}

/* Memory that this process and those it forks see alike. */
static volatile uint64_t *shared_counter(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		die("mmap");
	return page;
}

/* A child that does not outlive its parent; true in the child. */
static int fork_helper(void)
{
	if (fork() != 0)
		return 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 1;
}

/* Until killed, or, where stdin is a pipe, until that ends: who started us and is killed cannot tell us. */
static int serve(char **words)
{
	struct endpoint e = parse(words[0], words[1]), requests = parse_requests(words[0], words[1]);
	int udp = open_bound(&e, SOCK_DGRAM);
	int tcp = open_bound(&e, SOCK_STREAM);
	int one_each = open_bound(&requests, SOCK_STREAM);
	volatile uint64_t *datagrams = shared_counter();
	struct stat input;
	int owned = !fstat(0, &input) && S_ISFIFO(input.st_mode);

	signal(SIGCHLD, SIG_IGN);
	if (fork_helper())
		serve_requests(one_each);
	if (fork_helper())
		count_datagrams(udp, datagrams);
	say_ready();
	for (;;) {
		struct pollfd fds[2] = { { .fd = tcp, .events = POLLIN }, { .fd = owned ? 0 : -1 } };
		int fd;

		if (poll(fds, 2, -1) > 0 && fds[1].revents)
			return 0;
		fd = accept4(tcp, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		send_at_once(fd);
		if (fork() == 0) {
			serve_connection(fd, datagrams);
			_exit(0);
		}
		close(fd);
	}
}

#endif
