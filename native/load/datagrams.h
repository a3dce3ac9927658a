/* waggle-load udp, udpcost: datagrams of one size, sent as fast as it goes, in batches: a system call for each would be what is measured. */
#ifndef WAGGLE_LOAD_DATAGRAMS_H
#define WAGGLE_LOAD_DATAGRAMS_H

#include "service.h"

#define DATAGRAM_BATCH 64
#define DATAGRAM_MAX 2048

/* One payload, sent DATAGRAM_BATCH times. */
struct datagram_batch {
	struct mmsghdr messages[DATAGRAM_BATCH];
	struct iovec part;
};

static void fill_batch(struct datagram_batch *batch, size_t size)
{
	static char payload[DATAGRAM_MAX];

	batch->part = (struct iovec){ payload, size };
	for (int i = 0; i < DATAGRAM_BATCH; i++)
		batch->messages[i].msg_hdr = (struct msghdr){ .msg_iov = &batch->part, .msg_iovlen = 1 };
}

/* How many went out; none where a queue was full. */
static uint64_t send_batch(int fd, struct datagram_batch *batch)
{
	int n = sendmmsg(fd, batch->messages, DATAGRAM_BATCH, 0);

	if (n >= 0)
		return (uint64_t)n;
	if (errno != ENOBUFS && errno != EAGAIN && errno != ECONNREFUSED)
		die("sendmmsg");
	return 0;
}

/* The server's side. */
static void __attribute__((noreturn)) count_datagrams(int fd, volatile uint64_t *count)
{
	static char buffers[DATAGRAM_BATCH][DATAGRAM_MAX];
	struct mmsghdr messages[DATAGRAM_BATCH] = { 0 };
	struct iovec parts[DATAGRAM_BATCH];

	for (int i = 0; i < DATAGRAM_BATCH; i++) {
		parts[i] = (struct iovec){ buffers[i], sizeof(buffers[i]) };
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (;;) {
		int n = recvmmsg(fd, messages, DATAGRAM_BATCH, MSG_WAITFORONE, NULL);

		if (n > 0)
			*count += (uint64_t)n;
	}
}

struct datagram_run {
	uint64_t sent, received;
	int64_t cpu, length; /* ns */
};

static struct datagram_run run_datagrams(char **words)
{
	struct endpoint e = parse(words[0], words[1]);
	int64_t start, cpu, length = duration(words[2]);
	int size = atoi(words[3]), control, fd;
	struct datagram_run run = { 0 };
	struct datagram_batch batch;
	uint64_t before;

	if (size < 1 || size > DATAGRAM_MAX)
		refuse("the size must be 1 to %d", DATAGRAM_MAX);
	control = ask_for(&e, SERVICE_DATAGRAMS);
	fd = open_connected(&e, SOCK_DGRAM);
	fill_batch(&batch, (size_t)size);
	before = ask_datagrams(control);
	start = now();
	cpu = cpu_time();
	while (now() - start < length)
		run.sent += send_batch(fd, &batch);
	run.cpu = cpu_time() - cpu;
	run.received = ask_datagrams(control) - before;
	run.length = now() - start;
	return run;
}

static int udp(char **words)
{
	struct datagram_run run = run_datagrams(words);

	printf("%.0f\n", (double)run.received * SECOND / (double)run.length);
	return 0;
}

static int udp_cost(char **words)
{
	struct datagram_run run = run_datagrams(words);

	printf("%.1f\n", (double)run.cpu / (double)run.sent);
	return 0;
}

#endif
