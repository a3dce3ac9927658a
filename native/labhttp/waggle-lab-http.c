/*
 * waggle-lab-http: a tiny HTTP server that stands for well-known images in a lab (nginx, http-echo, echo servers).
 *
 *   waggle-lab-http [-listen [HOST]:PORT] [-text TEXT] [-status-code N] [-echo]
 *
 * Answers every request with TEXT, or with -echo with what it was asked, by whom, and on which host. One process per connection,
 * a bounded number of them; nothing is read from files. Flags as in hashicorp/http-echo, whose name it answers to as well:
 * one or two dashes, "=" or a blank before the value.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_REQUEST 16384
#define MAX_CONNECTIONS 256
#define IDLE_SECONDS 75

static const char *text = "hello-world";
static int status = 200;
static bool echo;

static _Noreturn void __attribute__((format(printf, 1, 2))) fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("waggle-lab-http: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	exit(1);
}

static bool write_all(int connection, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t done = send(connection, data, length, MSG_NOSIGNAL);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		data += done;
		length -= (size_t)done;
	}
	return true;
}

/* Answers one request of `length` bytes; false when the connection is to be closed. */
static bool answer(int connection, const char *request, size_t length, const char *peer)
{
	char body[MAX_REQUEST + 1024], head[256], host[256] = "";
	bool head_only = strncmp(request, "HEAD ", 5) == 0;
	bool keep = strcasestr(request, "\r\nconnection: close") == NULL && strstr(request, " HTTP/1.0\r\n") == NULL;
	int size;
	gethostname(host, sizeof(host) - 1);
	if (echo)
		size = snprintf(body, sizeof(body), "Hostname: %s\nClient: %s\n\n%.*s", host, peer, (int)length, request);
	else
		size = snprintf(body, sizeof(body), "%s\n", text);
	if (size >= (int)sizeof(body))
		size = (int)sizeof(body) - 1;
	int head_size = snprintf(head, sizeof(head),
		"HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nX-App-Name: waggle-lab-http\r\n%s\r\n",
		status, status == 200 ? "OK" : "Status", size, keep ? "" : "Connection: close\r\n");
	return write_all(connection, head, (size_t)head_size) && (head_only || write_all(connection, body, (size_t)size)) && keep;
}

/* Length of the request's body as announced; -1 when it is larger than what is read and dropped. */
static long body_length(const char *head)
{
	const char *field = strcasestr(head, "\r\ncontent-length:");
	long length = field ? strtol(field + 17, NULL, 10) : 0;
	return length >= 0 && length <= 64l * 1024 * 1024 ? length : -1;
}

static void serve(int connection, const char *peer)
{
	char request[MAX_REQUEST + 1];
	size_t used = 0;
	struct timeval idle = { .tv_sec = IDLE_SECONDS };
	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof(idle));
	while (used < MAX_REQUEST) {
		ssize_t got = recv(connection, request + used, MAX_REQUEST - used, 0);
		if (got <= 0)
			return;
		used += (size_t)got;
		request[used] = '\0';
		char *end = strstr(request, "\r\n\r\n");
		if (!end)
			continue;
		size_t head = (size_t)(end - request) + 4;
		long rest = body_length(request);
		if (rest < 0)
			return;
		long here = (long)(used - head) < rest ? (long)(used - head) : rest;
		if (!answer(connection, request, head, peer))
			return;
		for (long left = rest - here; left > 0; left -= got)
			if ((got = recv(connection, request, left < MAX_REQUEST ? (size_t)left : MAX_REQUEST, 0)) <= 0)
				return;
		/* What came after this request is the beginning of the next. */
		used = rest > here ? 0 : used - head - (size_t)here;
		memmove(request, end + 4 + here, used);
	}
}

static int listen_at(const char *where)
{
	char host[256] = "";
	const char *colon = strrchr(where, ':');
	if (!colon || (size_t)(colon - where) >= sizeof(host))
		fail("-listen wants [HOST]:PORT, not '%s'", where);
	memcpy(host, where, (size_t)(colon - where));
	char *name = host;
	if (name[0] == '[') {
		name++;
		name[strcspn(name, "]")] = '\0';
	}
	struct addrinfo hints = { .ai_family = *name ? AF_UNSPEC : AF_INET6, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *found;
	for (int attempt = 0; attempt < 2; attempt++, hints.ai_family = AF_INET) {
		int error = getaddrinfo(*name ? name : NULL, colon + 1, &hints, &found);
		if (error)
			fail("cannot listen at '%s': %s", where, gai_strerror(error));
		int one = 1, zero = 0, listener = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (listener >= 0) {
			setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
			if (found->ai_family == AF_INET6)
				setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
			if (bind(listener, found->ai_addr, found->ai_addrlen) == 0 && listen(listener, 512) == 0)
				return listener;
			close(listener);
		}
		freeaddrinfo(found);
		if (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL)
			break; /* only a machine without IPv6 deserves the second attempt */
	}
	fail("cannot listen at '%s': %s", where, strerror(errno));
}

/* The value of a flag "-name=value" or "-name value"; NULL when this argument is another flag. */
static const char *flag_value(char **arguments, int *at, const char *name)
{
	const char *given = arguments[*at];
	given += strspn(given, "-");
	size_t length = strlen(name);
	if (strncmp(given, name, length) != 0)
		return NULL;
	if (given[length] == '=')
		return given + length + 1;
	if (given[length] != '\0')
		return NULL;
	if (!arguments[*at + 1])
		fail("-%s wants a value", name);
	return arguments[++*at];
}

static void end(int number)
{
	_exit(number == SIGTERM || number == SIGINT ? 0 : 1);
}

int main(int count, char **arguments)
{
	const char *where = ":5678", *value;
	for (int i = 1; i < count; i++) {
		if ((value = flag_value(arguments, &i, "listen")))
			where = value;
		else if ((value = flag_value(arguments, &i, "text")))
			text = value;
		else if ((value = flag_value(arguments, &i, "status-code")))
			status = atoi(value);
		else if (strspn(arguments[i], "-") > 0 && strcmp(arguments[i] + strspn(arguments[i], "-"), "echo") == 0)
			echo = true;
		else
			fail("unknown argument '%s'; usage: [-listen [HOST]:PORT] [-text TEXT] [-status-code N] [-echo]", arguments[i]);
	}
	if (status < 100 || status > 599)
		fail("-status-code wants a number from 100 to 599");
	signal(SIGTERM, end);
	signal(SIGINT, end);
	int listener = listen_at(where), children = 0;
	fprintf(stderr, "listening at %s\n", where);
	for (;;) {
		struct sockaddr_storage from;
		socklen_t length = sizeof(from);
		char peer[INET6_ADDRSTRLEN + 8] = "?";
		int connection = accept(listener, (struct sockaddr *)&from, &length);
		while (children > 0 && waitpid(-1, NULL, children < MAX_CONNECTIONS ? WNOHANG : 0) > 0)
			children--;
		if (connection < 0)
			continue;
		getnameinfo((struct sockaddr *)&from, length, peer, sizeof(peer), NULL, 0, NI_NUMERICHOST);
		pid_t pid = fork();
		if (pid == 0) {
			close(listener);
			serve(connection, peer);
			_exit(0);
		}
		children += pid > 0;
		close(connection);
	}
}
