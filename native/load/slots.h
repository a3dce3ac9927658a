/*
 * waggle-load slots MODE ADDR PORT START SLOT GUARD TAIL PATTERN [COUNT]: sends in slots with an 'x' and is still in those with a '.'
 * (plan.h); prints, for each slot, units and nanoseconds: bytes ("stream"), transactions ("rr" with COUNT connections at a time,
 * "connect" with a connection for each), datagrams received ("udp").
 */
#ifndef WAGGLE_LOAD_SLOTS_H
#define WAGGLE_LOAD_SLOTS_H

#include "datagrams.h"
#include "plan.h"
#include "stream.h"
#include "transactions.h"

/* What `unit` does is one transaction, burst or chunk; `units` tells how many there were so far. */
struct generator {
	int fd, control;
	struct endpoint requests;
	struct busy_connections busy;
	struct datagram_batch batch;
	uint64_t done;
	void (*unit)(struct generator *g);
	uint64_t (*units)(struct generator *g);
};

static uint64_t units_done(struct generator *g)
{
	return g->done;
}

/* Once nothing is under way: a receiver's queue holds more than a slot brings. */
static uint64_t units_received(struct generator *g)
{
	uint64_t before, count = ask_datagrams(g->control);
	int patience = 100;

	do {
		before = count;
		usleep(100);
		count = ask_datagrams(g->control);
	} while (count != before && --patience);
	return count;
}

static void unit_stream(struct generator *g)
{
	send_all(g->fd, stream_buffer, 64 * 1024);
	g->done += 64 * 1024;
}

static void unit_rr(struct generator *g)
{
	transact(g->fd);
	g->done++;
}

static void unit_many(struct generator *g)
{
	g->done += turn_busy(&g->busy);
}

static void unit_connect(struct generator *g)
{
	int fd = open_connected(&g->requests, SOCK_STREAM);
	char byte;

	transact(fd);
	if (recv(fd, &byte, 1, 0) != 0) /* the other end closes first, and keeps what has to be remembered */
		die("end of the connection");
	close(fd);
	g->done++;
}

static void unit_udp(struct generator *g)
{
	send_batch(g->fd, &g->batch);
}

static void open_generator(struct generator *g, const char *mode, const char *address, const char *port, int count)
{
	struct endpoint e = parse(address, port);

	g->units = units_done;
	if (!strcmp(mode, "udp")) {
		g->control = ask_for(&e, SERVICE_DATAGRAMS);
		g->fd = open_connected(&e, SOCK_DGRAM);
		fill_batch(&g->batch, 64);
		g->unit = unit_udp;
		g->units = units_received;
	} else if (!strcmp(mode, "connect")) {
		g->requests = parse_requests(address, port);
		g->unit = unit_connect;
	} else if (!strcmp(mode, "stream")) {
		g->fd = ask_for(&e, SERVICE_STREAM);
		g->unit = unit_stream;
	} else if (!strcmp(mode, "rr") && count == 1) {
		g->fd = ask_for(&e, SERVICE_ECHO);
		g->unit = unit_rr;
	} else if (!strcmp(mode, "rr") && count > 1) {
		g->busy = open_busy(&e, count);
		begin_busy(&g->busy);
		g->unit = unit_many;
	} else {
		refuse("no mode '%s' with %d connections", mode, count);
	}
}

/* One slot's traffic and its line. */
static void run_slot(struct generator *g, const struct plan *plan, int64_t begins)
{
	int64_t ends = begins + plan->slot, counted_from = 0, time;
	uint64_t first = 0, last;

	if (now() < begins)
		sleep_until(begins);
	while ((time = now()) < ends - plan->tail) {
		if (!counted_from && time >= begins + plan->guard) {
			first = g->units(g);
			counted_from = now();
		}
		g->unit(g);
	}
	if (counted_from) {
		last = g->units(g);
		printf("%llu %lld\n", (unsigned long long)(last - first), (long long)(now() - counted_from));
	} else {
		printf("0 0\n");
	}
	while (now() < ends)
		g->unit(g);
}

static int slots(char **words)
{
	struct plan plan = read_plan(words + 3);
	const char *count = words[3 + PLAN_WORDS];
	struct generator g = { 0 };

	open_generator(&g, words[0], words[1], words[2], count ? atoi(count) : 1);
	for (int64_t i = 0; i < plan.count; i++) {
		if (is_marked(&plan, i))
			run_slot(&g, &plan, plan.start + i * plan.slot);
		else
			printf("0 0\n");
	}
	return 0;
}

#endif
