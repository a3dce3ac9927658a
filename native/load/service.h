/*
 * What the server offers (server.h) and how the generators ask for it. The first byte of a TCP connection says what it is for; on the
 * next port a connection is one request.
 */
#ifndef WAGGLE_LOAD_SERVICE_H
#define WAGGLE_LOAD_SERVICE_H

#include "sockets.h"

enum service {
	SERVICE_STREAM    = 'S', /* discards what comes; at its end answers with the number of bytes, 64 bits */
	SERVICE_ECHO      = 'R', /* answers each byte with itself */
	SERVICE_ECHO_ON   = 'P', /* the same on the CPU that the next byte names; at the end answers with its CPU time, ns, 64 bits */
	SERVICE_DATAGRAMS = 'U', /* answers each byte with the number of datagrams that came to the UDP port so far, 64 bits */
};

static int ask_for(const struct endpoint *server, enum service service)
{
	int fd = open_connected(server, SOCK_STREAM);
	char byte = (char)service;

	send_all(fd, &byte, 1);
	return fd;
}

/* Where one request makes a connection. */
static struct endpoint parse_requests(const char *address, const char *port)
{
	return parse_numbered(address, atoi(port) + 1);
}

static uint64_t receive_number(int fd)
{
	uint64_t number;

	receive_all(fd, &number, sizeof(number));
	return number;
}

/* Of a connection for SERVICE_DATAGRAMS. */
static uint64_t ask_datagrams(int fd)
{
	send_all(fd, "?", 1);
	return receive_number(fd);
}

#endif
