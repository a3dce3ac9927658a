/*
 * waggle-cni: the CNI plugin. It forwards one CNI call to the agent of its node and prints the agent's answer.
 *
 * It is a separate small C program because the container runtime starts it for every pod: it must start in well under a
 * millisecond, and it must work while the agent restarts (it waits a bounded time and tries again; every call is
 * idempotent by container id and interface name, so a call that was cut off may be repeated).
 *
 *   request  = u32 length (big endian), JSON {"command","containerId","ifName","args","netns","path","config"};
 *              "config" is the plugin's stdin as a string. The first byte carries the pod's network namespace as
 *              SCM_RIGHTS where CNI_NETNS names one.
 *   answer   = u32 length (big endian), u8 exit code, stdout
 *
 * Environment beside CNI_*: WAGGLE_CNI_SOCKET (default /var/run/cilium/cni.sock), WAGGLE_CNI_TIMEOUT (seconds, default
 * 30, at most 600), WAGGLE_CNI_ANSWER_TIMEOUT (seconds an accepted call may take, default 90).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONFIG (1u << 20) /* a network configuration is a few hundred bytes; this bounds a runaway stdin */
#define MAX_ANSWER (1u << 20)

/* Error codes of the CNI specification. */
enum { ERR_ENVIRONMENT = 4, ERR_IO = 5, ERR_DECODE = 6, ERR_TRY_LATER = 11, ERR_NOT_AVAILABLE = 50 };

static char cni_version[16] = "1.0.0"; /* of the configuration; errors must carry it */

struct text {
	char *data;
	size_t length, capacity;
};

static void append_raw(struct text *t, const char *bytes, size_t n)
{
	if (t->length + n + 1 > t->capacity) {
		t->capacity = (t->length + n + 1) * 2;
		t->data = realloc(t->data, t->capacity);
		if (!t->data)
			_exit(1);
	}
	memcpy(t->data + t->length, bytes, n);
	t->length += n;
	t->data[t->length] = 0;
}

static void append(struct text *t, const char *s)
{
	append_raw(t, s, strlen(s));
}

/* A JSON string; bytes that are not ASCII pass as they are (the input is UTF-8 or the agent refuses it). */
static void append_quoted(struct text *t, const char *s, size_t n)
{
	append(t, "\"");
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\') {
			char escaped[2] = { '\\', (char)c };

			append_raw(t, escaped, 2);
		} else if (c < 0x20) {
			char escaped[8];

			snprintf(escaped, sizeof(escaped), "\\u%04x", c);
			append(t, escaped);
		} else {
			append_raw(t, s + i, 1);
		}
	}
	append(t, "\"");
}

static void append_field(struct text *t, const char *name, const char *value, size_t n)
{
	append(t, t->length > 1 ? ",\"" : "\"");
	append(t, name);
	append(t, "\":");
	append_quoted(t, value, n);
}

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

__attribute__((format(printf, 3, 4))) static int fail(int code, const char *message, const char *format, ...)
{
	struct text t = { 0 };
	char details[1024], number[32];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(details, sizeof(details), format, arguments);
	va_end(arguments);
	snprintf(number, sizeof(number), ",\"code\":%d", code);
	append(&t, "{");
	append_field(&t, "cniVersion", cni_version, strlen(cni_version));
	append(&t, number);
	append_field(&t, "msg", message, strlen(message));
	append_field(&t, "details", details, strlen(details));
	append(&t, "}\n");
	fputs(t.data, stdout);
	free(t.data);
	return 1;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static long seconds_from(const char *name, long fallback)
{
	char *end;
	long value = strtol(env(name), &end, 10);

	return *env(name) == 0 || *end != 0 || value < 0 || value > 600 ? fallback : value;
}

static bool read_stdin(struct text *t)
{
	char buffer[16384];
	ssize_t n;

	append(t, "");
	while ((n = read(STDIN_FILENO, buffer, sizeof(buffer))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || t->length + (size_t)n > MAX_CONFIG)
			return false;
		append_raw(t, buffer, (size_t)n);
	}
	return true;
}

/* Only for the version in our own error objects: the agent parses the configuration properly. */
static void find_version(const char *config)
{
	const char *p = strstr(config, "\"cniVersion\"");
	size_t n;

	if (!p)
		return;
	p += strlen("\"cniVersion\"");
	p += strspn(p, " \t\r\n:");
	if (*p++ != '"')
		return;
	n = strspn(p, "0123456789.");
	if (n > 0 && n < sizeof(cni_version) && p[n] == '"') {
		memcpy(cni_version, p, n);
		cni_version[n] = 0;
	}
}

static int connect_agent(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static bool send_request(int fd, int netns, const struct text *body)
{
	uint8_t header[4] = { (uint8_t)(body->length >> 24), (uint8_t)(body->length >> 16), (uint8_t)(body->length >> 8),
			      (uint8_t)body->length };
	struct iovec parts[2] = { { header, sizeof(header) }, { body->data, body->length } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	size_t sent = 0, total = sizeof(header) + body->length;

	if (netns >= 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		struct cmsghdr *rights = CMSG_FIRSTHDR(&message);

		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(rights), &netns, sizeof(int));
	}
	while (sent < total) {
		ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		sent += (size_t)n;
		message.msg_control = NULL; /* the namespace goes with the first byte only */
		message.msg_controllen = 0;
		for (size_t left = (size_t)n; left > 0 && message.msg_iovlen > 0;) {
			size_t step = left < message.msg_iov->iov_len ? left : message.msg_iov->iov_len;

			message.msg_iov->iov_base = (char *)message.msg_iov->iov_base + step;
			message.msg_iov->iov_len -= step;
			left -= step;
			if (message.msg_iov->iov_len == 0) {
				message.msg_iov++;
				message.msg_iovlen--;
			}
		}
	}
	return true;
}

static bool receive(int fd, void *buffer, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = recv(fd, (char *)buffer + got, n - got, 0);

		if (r < 0 && errno == EINTR)
			continue;
		if (r == 0)
			errno = ECONNRESET;
		if (r <= 0)
			return false;
		got += (size_t)r;
	}
	return true;
}

/* One exchange. Returns the exit code, or -1 with errno when the connection broke before the answer was complete. */
static int exchange(int fd, int netns, const struct text *body)
{
	uint8_t header[4];
	uint32_t length;
	char *answer;

	if (!send_request(fd, netns, body) || !receive(fd, header, sizeof(header)))
		return -1;
	length = (uint32_t)header[0] << 24 | (uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 | header[3];
	if (length == 0 || length > MAX_ANSWER) {
		errno = EPROTO;
		return -1;
	}
	answer = malloc(length);
	if (!answer || !receive(fd, answer, length)) {
		free(answer);
		return -1;
	}
	fwrite(answer + 1, 1, length - 1, stdout);
	fflush(stdout);
	int code = (uint8_t)answer[0];

	free(answer);
	return code;
}

int main(void)
{
	const char *command = env("CNI_COMMAND"), *netns_path = env("CNI_NETNS");
	const char *socket_path = *env("WAGGLE_CNI_SOCKET") ? env("WAGGLE_CNI_SOCKET") : "/var/run/cilium/cni.sock";
	bool is_add = !strcmp(command, "ADD"), is_check = !strcmp(command, "CHECK"), is_del = !strcmp(command, "DEL");
	bool is_status = !strcmp(command, "STATUS");
	struct text config = { 0 }, body = { 0 };
	int netns = -1;

	bool configured = read_stdin(&config); /* always: a runtime that still writes must not meet a closed pipe */

	if (!strcmp(command, "VERSION")) {
		/* Answered here: the runtime may ask before any agent has run. */
		puts("{\"cniVersion\":\"1.1.0\",\"supportedVersions\":[\"0.3.0\",\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"]}");
		return 0;
	}
	if (!configured)
		return fail(ERR_DECODE, "the network configuration on stdin cannot be read", "it must be JSON of at most %u bytes", MAX_CONFIG);
	find_version(config.data);
	if (!is_add && !is_check && !is_del && !is_status && strcmp(command, "GC"))
		return fail(ERR_ENVIRONMENT, "CNI_COMMAND is not one of ADD, DEL, CHECK, GC, STATUS, VERSION", "CNI_COMMAND=\"%.64s\"", command);
	if ((is_add || is_check || is_del) && (!*env("CNI_CONTAINERID") || !*env("CNI_IFNAME")))
		return fail(ERR_ENVIRONMENT, "CNI_CONTAINERID and CNI_IFNAME must be set", "CNI_CONTAINERID=\"%.128s\" CNI_IFNAME=\"%.32s\"",
			    env("CNI_CONTAINERID"), env("CNI_IFNAME"));
	if (*netns_path)
		netns = open(netns_path, O_RDONLY | O_CLOEXEC);
	if (netns < 0 && (is_add || is_check)) /* DEL succeeds without it: the namespace may be gone */
		return fail(ERR_ENVIRONMENT, "CNI_NETNS does not name a network namespace", "CNI_NETNS=\"%.256s\": %s", netns_path,
			    *netns_path ? strerror(errno) : "not set");

	append(&body, "{");
	append_field(&body, "command", command, strlen(command));
	append_field(&body, "containerId", env("CNI_CONTAINERID"), strlen(env("CNI_CONTAINERID")));
	append_field(&body, "ifName", env("CNI_IFNAME"), strlen(env("CNI_IFNAME")));
	append_field(&body, "args", env("CNI_ARGS"), strlen(env("CNI_ARGS")));
	append_field(&body, "netns", netns_path, strlen(netns_path));
	append_field(&body, "path", env("CNI_PATH"), strlen(env("CNI_PATH")));
	append_field(&body, "config", config.data, config.length);
	append(&body, "}");

	long patience = is_status ? 0 : seconds_from("WAGGLE_CNI_TIMEOUT", 30);
	long answer_patience = seconds_from("WAGGLE_CNI_ANSWER_TIMEOUT", 90);
	int64_t started = now_ms(), deadline = started + patience * 1000;
	int last_error = 0;
	bool reached = false;

	for (int64_t pause = 20;; pause = pause < 250 ? pause * 2 : 250) {
		int fd = connect_agent(socket_path);

		if (fd >= 0) {
			struct timeval wait = { .tv_sec = answer_patience };
			int code;

			reached = true;
			setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
			setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
			code = exchange(fd, netns, &body);
			last_error = errno;
			close(fd);
			if (code >= 0)
				return code;
			if (last_error == EAGAIN || last_error == EPROTO)
				break; /* the agent hangs or speaks another protocol: trying again would only hide it */
		} else {
			last_error = errno;
		}
		if (now_ms() + pause > deadline)
			break;
		struct timespec t = { .tv_sec = pause / 1000, .tv_nsec = pause % 1000 * 1000000 };

		nanosleep(&t, NULL);
	}
	if (reached && last_error == EAGAIN)
		return fail(ERR_TRY_LATER, "the Waggle agent accepted the call but did not answer",
			    "no answer on %s within %ld s; look at the agent's log: kubectl -n kube-system logs ds/cilium -c cilium-agent", socket_path,
			    answer_patience);
	return fail(is_status ? ERR_NOT_AVAILABLE : ERR_TRY_LATER, "the Waggle agent of this node does not answer",
		    "%s on %s after %.1f s; is the agent running on this node? Look at: kubectl -n kube-system get pods -l k8s-app=cilium -o wide, and its log: "
		    "kubectl -n kube-system logs ds/cilium -c cilium-agent",
		    strerror(last_error), socket_path, (double)(now_ms() - started) / 1000);
}
