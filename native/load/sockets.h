/* Addresses, sockets of both families, and whole messages through them. */
#ifndef WAGGLE_LOAD_SOCKETS_H
#define WAGGLE_LOAD_SOCKETS_H

#include "system.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

struct endpoint {
	struct sockaddr_storage addr;
	socklen_t len;
};

static struct endpoint parse_numbered(const char *address, int port)
{
	struct endpoint e = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&e.addr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&e.addr;

	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		e.len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		e.len = sizeof(*v6);
	} else {
		refuse("'%s' is not an address", address);
	}
	return e;
}

static struct endpoint parse(const char *address, const char *port)
{
	return parse_numbered(address, atoi(port));
}

static void send_at_once(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static int open_socket(const struct endpoint *e, int type)
{
	int one = 1, big = 8 << 20;
	int fd = socket(e->addr.ss_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (type == SOCK_STREAM)
		send_at_once(fd);
	else if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof(big));
	return fd;
}

static int open_bound(const struct endpoint *e, int type)
{
	int fd = open_socket(e, type);

	if (bind(fd, (const struct sockaddr *)&e->addr, e->len) < 0)
		die("bind");
	if (type == SOCK_STREAM && listen(fd, 128) < 0)
		die("listen");
	return fd;
}

static int open_connected(const struct endpoint *e, int type)
{
	int fd = open_socket(e, type);

	if (connect(fd, (const struct sockaddr *)&e->addr, e->len) < 0)
		die("connect");
	return fd;
}

static void send_all(int fd, const void *data, size_t length)
{
	const char *p = data;

	while (length > 0) {
		ssize_t n = send(fd, p, length, MSG_NOSIGNAL);

		if (n < 0)
			die("send");
		p += n;
		length -= (size_t)n;
	}
}

static void receive_all(int fd, void *data, size_t length)
{
	char *p = data;

	while (length > 0) {
		ssize_t n = recv(fd, p, length, 0);

		if (n <= 0)
			die("receive");
		p += n;
		length -= (size_t)n;
	}
}

#endif
