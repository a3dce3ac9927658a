/*
 * waggle-newcomer: pods that send and are sent to the moment the network plugin says that they are ready, one after the other.
 *
 *   waggle-newcomer PLUGIN NETNS_OF_A_PEER OPEN CLOSED [LIMIT_MS]
 *
 * Reads lines "ID CONTAINER POD" and for each: makes a network namespace, listens in it on port 80, runs PLUGIN ADD, and at once opens
 * four TCP connections: to OPEN:80, which must be let through by the very first packet; to CLOSED:80 and OPEN:8080, and from the peer's
 * namespace to the newcomer's port 80, which must be refused by a reset (policy-deny-response: reset). Then DEL. Answers each line with
 *   ID ok ADD_US FIRST_US DONE_US     time of ADD; from its end until the first packet is sent; until all four are decided
 *   ID wrong WHAT
 * Prints "ready" first and ends with its input. The plugin's environment, without CNI_*, is this program's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char config[] = "{\"cniVersion\":\"1.0.0\",\"name\":\"cilium\",\"type\":\"cilium-cni\"}";
static const char *plugin;

static int64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Runs the plugin; its output goes to `answer`. */
static int run_plugin(const char *command, const char *container, const char *pod, char *answer, size_t size)
{
	int in[2], out[2], status;
	size_t filled = 0;
	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		die("pipe");
	pid_t child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		char args[512], netns[64];
		snprintf(args, sizeof args, "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=%s", pod);
		snprintf(netns, sizeof netns, "/proc/%d/ns/net", getppid());
		dup2(in[0], 0);
		dup2(out[1], 1);
		setenv("CNI_COMMAND", command, 1);
		setenv("CNI_CONTAINERID", container, 1);
		setenv("CNI_IFNAME", "eth0", 1);
		setenv("CNI_NETNS", netns, 1);
		setenv("CNI_ARGS", args, 1);
		execl(plugin, plugin, (char *)NULL);
		_exit(127);
	}

	close(in[0]);
	close(out[1]);
	(void)!write(in[1], config, sizeof config - 1);
	close(in[1]);
	for (ssize_t n; filled < size - 1 && (n = read(out[0], answer + filled, size - 1 - filled)) > 0;)
		filled += (size_t)n;
	answer[filled] = 0;
	close(out[0]);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int listener(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(80) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) != 0 || listen(fd, 16) != 0)
		die("listen");
	return fd;
}

static void loopback_up(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ioctl(fd, SIOCSIFFLAGS, &lo);
	close(fd);
}

static int tcp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct linger at_once = { 1, 0 };
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once); // ports are not to wait
	return fd;
}

static int begin(int fd, const char *address, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	inet_pton(AF_INET, address, &to.sin_addr);
	return connect(fd, (struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS ? 0 : errno;
}

/* The address of the newcomer: the first "address":"A/n" of the answer. */
static bool address_of(const char *answer, char *address, size_t size)
{
	const char *at = strstr(answer, "\"address\"");
	at = at == NULL ? NULL : strchr(at + 9, '"');
	size_t length = at == NULL ? 0 : strcspn(at + 1, "/\"");
	if (length == 0 || length >= size)
		return false;
	memcpy(address, at + 1, length);
	address[length] = 0;
	return true;
}

static void one_round(const char *id, const char *container, const char *pod, int peer, const char *open_address, const char *closed, int limit_ms)
{
	static const char *const names[] = { "open:80", "closed:80", "open:8080", "peer->newcomer:80" };
	char answer[65536], own[64], wrong[256] = "";
	if (unshare(CLONE_NEWNET) != 0)
		die("unshare");
	loopback_up();
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), accepting = listener(), fds[4], failed[4];
	bool open_yet[4] = { false };
	for (int i = 0; i < 3; i++)
		fds[i] = tcp();
	setns(peer, CLONE_NEWNET);
	fds[3] = tcp();
	setns(home, CLONE_NEWNET);

	int64_t started = now_us();
	int code = run_plugin("ADD", container, pod, answer, sizeof answer);
	int64_t added = now_us();
	if (code != 0 || !address_of(answer, own, sizeof own)) {
		answer[strcspn(answer, "\n")] = 0;
		printf("%s wrong ADD ended with %d: %.300s\n", id, code, answer);
	} else {
		failed[0] = begin(fds[0], open_address, 80);
		int64_t first = now_us();
		failed[1] = begin(fds[1], closed, 80);
		failed[2] = begin(fds[2], open_address, 8080);
		failed[3] = begin(fds[3], own, 80);
		int64_t until = now_us() + (int64_t)limit_ms * 1000, left;
		int undecided;
		do {
			struct pollfd polls[4];
			int which[4];
			undecided = 0;
			for (int i = 0; i < 4; i++) {
				if (failed[i] == 0 && !open_yet[i]) {
					polls[undecided] = (struct pollfd){ .fd = fds[i], .events = POLLOUT };
					which[undecided++] = i;
				}
			}

			left = until - now_us();
			if (undecided == 0 || left <= 0)
				break;
			if (poll(polls, (nfds_t)undecided, (int)(left / 1000) + 1) <= 0)
				continue;
			for (int i = 0; i < undecided; i++) {
				if (polls[i].revents == 0)
					continue;
				socklen_t length = sizeof(int);
				getsockopt(fds[which[i]], SOL_SOCKET, SO_ERROR, &failed[which[i]], &length);
				open_yet[which[i]] = failed[which[i]] == 0;
			}
		} while (true);

		int64_t done = now_us();
		struct tcp_info info = { 0 };
		socklen_t length = sizeof info;
		getsockopt(fds[0], IPPROTO_TCP, TCP_INFO, &info, &length);
		if (!open_yet[0])
			snprintf(wrong, sizeof wrong, "%s: not let through: %s", names[0], failed[0] == 0 ? "no answer" : strerror(failed[0]));
		else if (info.tcpi_total_retrans > 0)
			snprintf(wrong, sizeof wrong, "%s: the first packet was lost, %u sent again", names[0], info.tcpi_total_retrans);
		for (int i = 1; i < 4 && wrong[0] == 0; i++) {
			if (open_yet[i])
				snprintf(wrong, sizeof wrong, "%s: let through", names[i]);
			else if (failed[i] != ECONNREFUSED)
				snprintf(wrong, sizeof wrong, "%s: not refused: %s", names[i], failed[i] == 0 ? "no answer" : strerror(failed[i]));
		}

		if (wrong[0] != 0)
			printf("%s wrong %s\n", id, wrong);
		else
			printf("%s ok %lld %lld %lld\n", id, (long long)(added - started), (long long)(first - added), (long long)(done - added));
	}

	for (int i = 0; i < 4; i++)
		close(fds[i]);
	close(accepting);
	run_plugin("DEL", container, pod, answer, sizeof answer);
	close(home);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char line[512], id[32], container[128], pod[128];
	if (argc < 5) {
		fprintf(stderr, "usage: waggle-newcomer PLUGIN NETNS_OF_A_PEER OPEN CLOSED [LIMIT_MS]\n");
		return 2;
	}

	plugin = argv[1];
	int peer = open(argv[2], O_RDONLY | O_CLOEXEC);
	if (peer < 0)
		die(argv[2]);
	printf("ready\n");
	fflush(stdout);
	while (fgets(line, sizeof line, stdin) != NULL) {
		if (sscanf(line, "%31s %127s %127s", id, container, pod) == 3)
			one_round(id, container, pod, peer, argv[3], argv[4], argc > 5 ? atoi(argv[5]) : 20000);
	}

	return 0;
}
