/*
 * waggle-probe: who reaches whom. It serves ports and tries connections, many at a time, in one process per pod.
 *
 *   waggle-probe [tcp:PORT | udp:PORT]...
 *
 * Serves the ports on both families (TCP: says "ok" and goes on echoing; UDP: echoes). Reads lines from standard input, each
 *   ID tcp|udp|icmp ADDRESS PORT MILLISECONDS
 * and answers each with "ID ok|timeout|reset|unreachable|error". Prints "ready" first and ends with its input.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 4096, RETRY_MS = 200 };

enum kind { FREE, LISTEN, ECHO_TCP, ECHO_UDP, TRY_TCP, TRY_UDP, TRY_ICMP };

struct slot {
	enum kind kind;
	int fd;
	char id[32];
	int64_t deadline, again;
	bool connected, v6;
	uint16_t sequence;
};

static struct slot slots[MOST];
static struct pollfd polls[MOST + 1];
static char line[65536];
static size_t filled;
static uint16_t next_sequence;

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct slot *take(enum kind kind, int fd)
{
	for (int i = 0; i < MOST; i++) {
		if (slots[i].kind == FREE) {
			memset(&slots[i], 0, sizeof slots[i]);
			slots[i].kind = kind;
			slots[i].fd = fd;
			return &slots[i];
		}
	}

	close(fd);
	return NULL;
}

static void drop(struct slot *s)
{
	close(s->fd);
	s->kind = FREE;
}

static void answer(struct slot *s, const char *what)
{
	printf("%s %s\n", s->id, what);
	fflush(stdout);
	drop(s);
}

static const char *text(int error)
{
	switch (error) {
	case ECONNREFUSED:
	case ECONNRESET:
		return "reset";
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EACCES:
	case EPERM:
		return "unreachable";
	case ETIMEDOUT:
		return "timeout";
	default:
		return "error";
	}
}

static void serve(const char *what)
{
	bool tcp = strncmp(what, "tcp:", 4) == 0;
	int port = atoi(what + 4), on = 1, off = 0;
	int fd = socket(AF_INET6, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0);
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) != 0 || (tcp && listen(fd, 512) != 0)) {
		perror(what);
		exit(1);
	}

	setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
	take(tcp ? LISTEN : ECHO_UDP, fd);
}

/* Answers from the address that was asked: a node has several, and the sender waits for that one. */
static void echo_udp(int fd)
{
	char data[2048], control[128];
	struct sockaddr_storage from;
	struct iovec io = { data, sizeof data };
	struct msghdr message = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	ssize_t n = recvmsg(fd, &message, 0);
	if (n < 0)
		return;
	struct in6_pktinfo at = { 0 };
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
			memcpy(&at, CMSG_DATA(c), sizeof at);
	}

	at.ipi6_ifindex = 0; // the way back is the routes' business
	memset(control, 0, sizeof control);
	message.msg_controllen = CMSG_SPACE(sizeof at);
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof at);
	memcpy(CMSG_DATA(c), &at, sizeof at);
	io.iov_len = (size_t)n;
	(void)!sendmsg(fd, &message, MSG_NOSIGNAL);
}

static uint16_t checksum(const void *data, size_t length)
{
	const uint16_t *words = data;
	uint32_t sum = 0;
	for (size_t i = 0; i < length / 2; i++)
		sum += words[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void send_again(struct slot *s)
{
	if (s->kind == TRY_UDP) {
		(void)!send(s->fd, "probe", 5, MSG_NOSIGNAL);
	} else if (s->kind == TRY_ICMP) {
		struct icmphdr echo = { .type = s->v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO };
		echo.un.echo.id = htons((uint16_t)getpid());
		echo.un.echo.sequence = htons(s->sequence);
		if (!s->v6)
			echo.checksum = checksum(&echo, sizeof echo);
		(void)!send(s->fd, &echo, sizeof echo, MSG_NOSIGNAL);
	}

	s->again = now_ms() + RETRY_MS;
}

static void attempt(char *text_line)
{
	char id[32], kind[8], address[64];
	int port, limit;
	if (sscanf(text_line, "%31s %7s %63s %d %d", id, kind, address, &port, &limit) != 5) {
		printf("? error\n");
		return;
	}

	struct sockaddr_storage to = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&to;
	bool is_v6 = strchr(address, ':') != NULL, icmp = kind[0] == 'i', tcp = kind[0] == 't';
	if (is_v6) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = icmp ? 0 : htons(port);
		inet_pton(AF_INET6, address, &v6->sin6_addr);
	} else {
		v4->sin_family = AF_INET;
		v4->sin_port = icmp ? 0 : htons(port);
		inet_pton(AF_INET, address, &v4->sin_addr);
	}

	int type = (tcp ? SOCK_STREAM : icmp ? SOCK_RAW : SOCK_DGRAM) | SOCK_NONBLOCK, on = 1;
	int fd = socket(to.ss_family, type, icmp ? (is_v6 ? (int)IPPROTO_ICMPV6 : (int)IPPROTO_ICMP) : 0);
	struct slot *s = fd < 0 ? NULL : take(tcp ? TRY_TCP : icmp ? TRY_ICMP : TRY_UDP, fd);
	if (s == NULL) {
		printf("%s error\n", id);
		return;
	}

	// Errors that ICMP brings are told to unconnected and raw sockets, too.
	setsockopt(fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? IPV6_RECVERR : IP_RECVERR, &on, sizeof on);
	strcpy(s->id, id);
	s->v6 = is_v6;
	s->deadline = now_ms() + limit;
	s->again = INT64_MAX;
	s->sequence = ++next_sequence;
	if (connect(fd, (struct sockaddr *)&to, is_v6 ? sizeof *v6 : sizeof *v4) != 0 && errno != EINPROGRESS) {
		answer(s, text(errno));
		return;
	}

	if (!tcp)
		send_again(s);
}

static void on_input(void)
{
	ssize_t n = read(0, line + filled, sizeof line - filled - 1);
	if (n <= 0)
		exit(0);
	filled += (size_t)n;
	line[filled] = 0;
	char *start = line, *end;
	while ((end = strchr(start, '\n')) != NULL) {
		*end = 0;
		attempt(start);
		start = end + 1;
	}

	filled -= (size_t)(start - line);
	memmove(line, start, filled);
}

static void on_ready(struct slot *s, short events)
{
	char data[2048];
	ssize_t n;
	int error = 0, fd;
	socklen_t error_length = sizeof error;
	switch (s->kind) {
	case LISTEN:
		while ((fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
			if (take(ECHO_TCP, fd) != NULL)
				(void)!send(fd, "ok\n", 3, MSG_NOSIGNAL);
		}
		break;
	case ECHO_TCP:
		n = read(s->fd, data, sizeof data);
		if (n > 0)
			(void)!send(s->fd, data, (size_t)n, MSG_NOSIGNAL);
		else if (n == 0 || errno != EAGAIN)
			drop(s);
		break;
	case ECHO_UDP:
		echo_udp(s->fd);
		break;
	case TRY_TCP:
		getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &error_length);
		if (error != 0) {
			answer(s, text(error));
		} else if (events & POLLOUT && !s->connected) {
			s->connected = true; // it counts when the other side has spoken
		} else if (events & POLLIN) {
			n = read(s->fd, data, sizeof data);
			if (n > 0)
				answer(s, "ok");
			else if (n == 0 || errno != EAGAIN)
				answer(s, n == 0 ? "reset" : text(errno));
		}
		break;
	case TRY_UDP:
		n = recv(s->fd, data, sizeof data, 0);
		if (n > 0)
			answer(s, "ok");
		else if (n < 0 && errno != EAGAIN)
			answer(s, text(errno));
		else if (events & POLLERR)
			(void)!recv(s->fd, data, sizeof data, MSG_ERRQUEUE);
		break;
	case TRY_ICMP:
		n = recv(s->fd, data, sizeof data, 0);
		if (n < 0 && errno != EAGAIN) {
			answer(s, text(errno));
			break;
		}

		if (n > 0) {
			size_t at = s->v6 ? 0 : (size_t)(data[0] & 15) * 4;
			struct icmphdr *reply = (struct icmphdr *)(data + at);
			if ((size_t)n >= at + sizeof *reply && reply->type == (s->v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY)
			    && reply->un.echo.id == htons((uint16_t)getpid()) && reply->un.echo.sequence == htons(s->sequence))
				answer(s, "ok");
		}
		break;
	case FREE:
		break;
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		serve(argv[i]);
	printf("ready\n");
	fflush(stdout);
	while (true) {
		int64_t now = now_ms(), wake = now + 1000;
		int count = 1;
		int index[MOST + 1];
		polls[0] = (struct pollfd){ .fd = 0, .events = POLLIN };
		for (int i = 0; i < MOST; i++) {
			struct slot *s = &slots[i];
			if (s->kind == FREE)
				continue;
			if (s->kind >= TRY_TCP) {
				if (now >= s->deadline) {
					answer(s, "timeout");
					continue;
				}

				if (now >= s->again)
					send_again(s);
				if (s->deadline < wake)
					wake = s->deadline;
				if (s->again < wake)
					wake = s->again;
			}

			index[count] = i;
			polls[count++] = (struct pollfd){ .fd = s->fd, .events = s->kind == TRY_TCP && !s->connected ? POLLOUT | POLLIN : POLLIN };
		}

		if (poll(polls, (nfds_t)count, (int)(wake > now ? wake - now : 0)) < 0 && errno != EINTR)
			return 1;
		for (int i = 1; i < count; i++) {
			if (polls[i].revents != 0 && slots[index[i]].kind != FREE && slots[index[i]].fd == polls[i].fd)
				on_ready(&slots[index[i]], polls[i].revents);
		}

		if (polls[0].revents != 0)
			on_input();
	}
}
