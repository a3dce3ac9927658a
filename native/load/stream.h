/* waggle-load stream: one TCP connection, as many bytes as it takes. */
#ifndef WAGGLE_LOAD_STREAM_H
#define WAGGLE_LOAD_STREAM_H

#include "service.h"

#define STREAM_CHUNK (256 * 1024)

/* What is sent, and where what is received goes: nobody looks at it. */
static char stream_buffer[STREAM_CHUNK];

/* Reads until the other end is done; the number of bytes. */
static uint64_t discard_stream(int fd)
{
	uint64_t total = 0;
	ssize_t n;

	while ((n = recv(fd, stream_buffer, sizeof(stream_buffer), 0)) > 0)
		total += (uint64_t)n;
	return total;
}

static int stream(char **words)
{
	struct endpoint e = parse(words[0], words[1]);
	int fd = ask_for(&e, SERVICE_STREAM);
	int64_t start = now(), length = duration(words[2]);
	uint64_t total;

	while (now() - start < length)
		send_all(fd, stream_buffer, sizeof(stream_buffer));
	shutdown(fd, SHUT_WR);
	total = receive_number(fd);
	printf("%.0f\n", (double)total * SECOND / (double)(now() - start));
	return 0;
}

#endif
