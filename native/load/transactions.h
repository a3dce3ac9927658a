/* waggle-load rr, rrcost, rrmany: a byte asked, a byte answered. */
#ifndef WAGGLE_LOAD_TRANSACTIONS_H
#define WAGGLE_LOAD_TRANSACTIONS_H

#include "service.h"
#include <poll.h>

static void transact(int fd)
{
	char byte = 'x';

	send_all(fd, &byte, 1);
	receive_all(fd, &byte, 1);
}

/* As many as the time allows; the clock is not asked after each. */
static uint64_t transact_for(int fd, int64_t start, int64_t length)
{
	uint64_t done = 0;

	while (now() - start < length) {
		for (int i = 0; i < 32; i++)
			transact(fd);
		done += 32;
	}
	return done;
}

static int rr(char **words)
{
	struct endpoint e = parse(words[0], words[1]);
	int fd = ask_for(&e, SERVICE_ECHO);
	int64_t start = now();
	uint64_t done = transact_for(fd, start, duration(words[2]));

	printf("%.0f\n", (double)done * SECOND / (double)(now() - start));
	return 0;
}

/* Both ends run on one CPU, as waking up another one costs more than any path. */
static int rr_cost(char **words)
{
	struct endpoint e = parse(words[0], words[1]);
	unsigned char cpu = (unsigned char)sched_getcpu();
	int64_t before, used;
	uint64_t done;
	int fd;

	stay_on_cpu(cpu);
	fd = ask_for(&e, SERVICE_ECHO_ON);
	send_all(fd, &cpu, 1);
	before = cpu_time();
	done = transact_for(fd, now(), duration(words[2]));
	used = cpu_time() - before;
	shutdown(fd, SHUT_WR);
	printf("%.1f\n", (double)(used + (int64_t)receive_number(fd)) / (double)done);
	return 0;
}

/* Connections that each have a request under way all the time, so that neither end sleeps and the rate is what the path costs. */
struct busy_connections {
	struct pollfd *fds;
	int count;
};

static struct busy_connections open_busy(const struct endpoint *e, int count)
{
	struct busy_connections busy = { calloc((size_t)count, sizeof(*busy.fds)), count };

	if (!busy.fds)
		die("memory");
	for (int i = 0; i < count; i++)
		busy.fds[i] = (struct pollfd){ .fd = ask_for(e, SERVICE_ECHO), .events = POLLIN };
	return busy;
}

static void begin_busy(const struct busy_connections *busy)
{
	for (int i = 0; i < busy->count; i++)
		send_all(busy->fds[i].fd, "x", 1);
}

/* Takes the answers that are there and asks again; how many. */
static uint64_t turn_busy(const struct busy_connections *busy)
{
	uint64_t done = 0;
	char byte;

	if (poll(busy->fds, (nfds_t)busy->count, 1000) <= 0)
		die("poll");
	for (int i = 0; i < busy->count; i++) {
		if (!busy->fds[i].revents)
			continue;
		receive_all(busy->fds[i].fd, &byte, 1);
		send_all(busy->fds[i].fd, &byte, 1);
		done++;
	}
	return done;
}

static int rr_many(char **words)
{
	struct endpoint e = parse(words[0], words[1]);
	int count = atoi(words[3]);
	struct busy_connections busy;
	int64_t start, length = duration(words[2]);
	uint64_t done = 0;

	if (count < 1)
		refuse("the number of connections must be at least 1");
	busy = open_busy(&e, count);
	start = now();
	begin_busy(&busy);
	while (now() - start < length)
		done += turn_busy(&busy);
	printf("%.0f\n", (double)done * SECOND / (double)(now() - start));
	return 0;
}

#endif
