/* The launcher's wire: how a request arrives, how failures and results go back. */
#ifndef WAGGLE_PODEXEC_WIRE_H
#define WAGGLE_PODEXEC_WIRE_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_REQUEST (4u << 20) /* arguments and environment of one process; execve itself allows about 2 MiB */
#define MAX_FDS 3

/* Where die() reports to: the error pipe of a process that is being built, or the connection of the request. */
static int report_fd = 2;

/* Ends this process after reporting "error KIND MESSAGE\n". KIND is one word the daemon can act on:
 * notfound (no such program), noexec (it cannot be executed), mount (a volume), setup (everything else). */
static _Noreturn void __attribute__((format(printf, 2, 3))) die(const char *kind, const char *format, ...)
{
	char message[1024], line[1200];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	for (char *c = message; *c; c++)
		if (*c == '\n')
			*c = ' ';
	int length = snprintf(line, sizeof(line), "error %s %s\n", kind, message);
	if (write(report_fd, line, (size_t)length) < 0)
		_exit(126);
	_exit(125);
}

/* A request or node specification: NUL-terminated "key=value" fields in the order they were written. */
struct request {
	char *body;
	size_t length;
	int fds[MAX_FDS];
	int fd_count;
};

/* Walks the fields; `at` starts as NULL. Returns NULL at the end. */
static const char *next_field(const struct request *request, const char *at)
{
	const char *next = at ? at + strlen(at) + 1 : request->body;
	return next < request->body + request->length ? next : NULL;
}

/* The value if `field` has this key, else NULL. */
static const char *value_of(const char *field, const char *key)
{
	size_t length = strlen(key);
	return strncmp(field, key, length) == 0 && field[length] == '=' ? field + length + 1 : NULL;
}

/* The first value with this key, or `otherwise`. */
static const char *get(const struct request *request, const char *key, const char *otherwise)
{
	for (const char *field = NULL; (field = next_field(request, field));) {
		const char *value = value_of(field, key);
		if (value)
			return value;
	}
	return otherwise;
}

static const char *need(const struct request *request, const char *key)
{
	const char *value = get(request, key, NULL);
	if (!value)
		die("setup", "the request lacks the field '%s'", key);
	return value;
}

static bool flag(const struct request *request, const char *key)
{
	return strcmp(get(request, key, "0"), "1") == 0;
}

/* All values of a repeated key as a NULL-terminated vector (never freed: every request has its own process). */
static char **all(const struct request *request, const char *key, size_t *count)
{
	size_t used = 0, room = 16;
	char **values = malloc(room * sizeof(*values));
	for (const char *field = NULL; values && (field = next_field(request, field));) {
		const char *value = value_of(field, key);
		if (!value)
			continue;
		if (used + 1 == room)
			values = realloc(values, (room *= 2) * sizeof(*values));
		if (values)
			values[used++] = (char *)value;
	}
	if (!values)
		die("setup", "out of memory");
	values[used] = NULL;
	if (count)
		*count = used;
	return values;
}

static void read_fully(int fd, void *buffer, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t got = read(fd, (char *)buffer + done, length - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			die("setup", "the request ended early");
		done += (size_t)got;
	}
}

static void read_body(int fd, struct request *request, const unsigned char header[4])
{
	uint32_t length = (uint32_t)header[0] << 24 | (uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 | header[3];
	if (length == 0 || length > MAX_REQUEST)
		die("setup", "a request of %u bytes is refused", length);
	request->body = malloc(length);
	if (!request->body)
		die("setup", "out of memory");
	read_fully(fd, request->body, length);
	if (request->body[length - 1] != '\0')
		die("setup", "the request does not end a field");
	request->length = length;
}

/* Reads a node specification from a pipe: 4 bytes of length (big endian), then fields. */
static void read_specification(int fd, struct request *request)
{
	unsigned char header[4];
	memset(request, 0, sizeof(*request));
	read_fully(fd, header, sizeof(header));
	read_body(fd, request, header);
}

/* Reads a request from a connection; descriptors travel with its first bytes. */
static void read_request(int connection, struct request *request)
{
	unsigned char header[4];
	union { char space[CMSG_SPACE(sizeof(int) * MAX_FDS)]; struct cmsghdr align; } control;
	struct iovec part = { header, sizeof(header) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };

	memset(request, 0, sizeof(*request));
	ssize_t got = recvmsg(connection, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL);
	if (got == 0)
		_exit(0); /* connected and left: nothing was asked */
	if (got < 0)
		die("setup", "cannot receive the request: %s", strerror(errno));
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		int count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(request->fds, CMSG_DATA(c), sizeof(int) * (size_t)count);
		request->fd_count = count;
	}
	if (message.msg_flags & MSG_CTRUNC)
		die("setup", "more than %d descriptors were sent", MAX_FDS);
	read_fully(connection, header + got, sizeof(header) - (size_t)got);
	read_body(connection, request, header);
}

static void __attribute__((format(printf, 2, 3))) reply(int connection, const char *format, ...)
{
	char line[256];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	/* A daemon that has gone is noticed by poll; a lost reply has no other effect. */
	if (send(connection, line, (size_t)length, MSG_NOSIGNAL) < 0)
		return;
}

static void reply_with_fd(int connection, const char *line, int fd)
{
	union { char space[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
	struct iovec part = { (void *)line, strlen(line) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	memset(&control, 0, sizeof(control));
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	if (sendmsg(connection, &message, MSG_NOSIGNAL) < 0)
		die("setup", "cannot hand over the terminal: %s", strerror(errno));
}

#endif
