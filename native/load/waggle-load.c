/*
 * waggle-load: the traffic generator and receiver of `waggle bench`, in C so that what is measured is the network path and not a
 * managed runtime's sockets. The same program drives every path under test and every baseline.
 *
 *   waggle-load serve ADDR PORT                    answers all generators (server.h), on PORT and PORT + 1
 *   waggle-load stream ADDR PORT SECONDS           prints bytes per second, as the receiver counted them
 *   waggle-load rr ADDR PORT SECONDS               prints 1-byte request/response transactions per second
 *   waggle-load rrmany ADDR PORT SECONDS COUNT     the same over COUNT connections at a time: no CPU waits for a packet
 *   waggle-load rrcost ADDR PORT SECONDS           prints nanoseconds of CPU, of both ends together, per such transaction
 *   waggle-load udp ADDR PORT SECONDS SIZE         prints datagrams received per second
 *   waggle-load udpcost ADDR PORT SECONDS SIZE     prints nanoseconds of the sender's CPU per datagram, with all the packets' work
 *                                                  that is done in its time
 *   waggle-load slots|switch …                     traffic in slots, by which two variants are compared (plan.h, slots.h, switch.h)
 *   waggle-load gather CGROUP CPU                  moves a cgroup onto one CPU (gather.h)
 *   waggle-load mcast-recv GROUP PORT IFNAME       joins and counts; prints the count when its stdin closes
 *   waggle-load mcast-sink                         members in many namespaces, by lines on stdin until it closes:
 *                                                  "join NETNS GROUP PORT IFNAME" joins ("ok"), "count GROUP" prints what came
 *   waggle-load mroute GROUP SOURCE IN OUT...      the kernel's multicast routing of one flow, until stdin closes
 *   waggle-load mcast-send GROUP PORT IFNAME COUNT SIZE   sends COUNT datagrams; prints the nanoseconds of CPU and of time it took
 */
#include "datagrams.h"
#include "gather.h"
#include "mcast_send.h"
#include "members.h"
#include "mroute.h"
#include "server.h"
#include "slots.h"
#include "stream.h"
#include "switch.h"
#include "transactions.h"

/* `run` gets the words behind the name, NULL behind the last. */
static const struct {
	const char *name;
	int least, most;
	int (*run)(char **words);
} commands[] = {
	{ "serve", 2, 2, serve },
	{ "stream", 3, 3, stream },
	{ "rr", 3, 3, rr },
	{ "rrmany", 4, 4, rr_many },
	{ "rrcost", 3, 3, rr_cost },
	{ "udp", 4, 4, udp },
	{ "udpcost", 4, 4, udp_cost },
	{ "slots", 3 + PLAN_WORDS, 3 + PLAN_WORDS + 1, slots },
	{ "switch", PLAN_WORDS + 1, INT32_MAX, switch_slots },
	{ "gather", 2, 2, gather },
	{ "mcast-recv", 3, 3, mcast_recv },
	{ "mcast-sink", 0, 0, mcast_sink },
	{ "mroute", 4, INT32_MAX, mroute },
	{ "mcast-send", 5, 5, mcast_send },
};

int main(int argc, char **argv)
{
	/* A session of its own, as a process in a container has it: the scheduler shares the CPUs out by session (autogroup). */
	setsid();
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (argc > 1 && !strcmp(argv[1], commands[i].name) && argc - 2 >= commands[i].least && argc - 2 <= commands[i].most)
			return commands[i].run(argv + 2);
	fputs("usage: waggle-load", stderr);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(stderr, "%s%s", i ? "|" : " ", commands[i].name);
	fputs(" … (see the head of its source)\n", stderr);
	return 2;
}
