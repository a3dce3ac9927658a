/*
 * waggle-podexec: makes the nodes of a lab and the containers on them.
 *
 *   waggle-podexec node    reads a node's specification from standard input, makes the node and serves it
 *   waggle-podexec pause   waits for SIGTERM; what the `pause` image does
 *
 * Why a program of its own, in C: mount, PID and network namespaces must be entered by a process that has no threads yet.
 *
 * A node is a process (the holder) that is PID 1 in its own PID, mount, network, UTS, IPC and cgroup namespaces, with an overlay of
 * the machine's file system as its root. The holder listens on a Unix socket; each connection is one request, served by a forked
 * process (the monitor) that lives as long as what it started:
 *
 *   run        a container: own root, own PID namespace, the pod's network, UTS and IPC namespaces
 *   exec       one more process in a running container
 *   tool       a program in the node itself, e.g. a CNI plugin
 *   sandbox    makes a pod's network, UTS and IPC namespaces (kept by bind mounts under /run); unsandbox takes them away
 *
 * Request: 4 bytes of length (big endian), then NUL-terminated "key=value" fields; up to three descriptors (stdin, stdout, stderr)
 * travel with the first bytes. Replies are lines: "tty" (with the terminal's descriptor), "ok PID", "error KIND MESSAGE",
 * "exit CODE SIGNAL OOM". The daemon may send "signal N" at any time; when it closes the connection the process is killed.
 *
 * Nothing outlives the daemon: standard input of the node's first process is a pipe that nobody writes to; when the daemon dies the
 * pipe ends, the holder is killed, and with PID 1 the kernel kills every process of the node. The last process of a namespace takes
 * its mounts, interfaces and routes with it.
 */
#include "node.h"

static int pause_until_terminated(void)
{
	sigset_t ending;
	int number;
	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGINT);
	sigprocmask(SIG_BLOCK, &ending, NULL);
	return sigwait(&ending, &number) == 0 ? 0 : 1;
}

int main(int count, char **arguments)
{
	if (count == 2 && strcmp(arguments[1], "pause") == 0)
		return pause_until_terminated();
	if (count == 2 && strcmp(arguments[1], "node") == 0)
		return make_node();
	fprintf(stderr, "usage: waggle-podexec node < specification\nStarted by `waggle lab`; it has no use of its own.\n");
	return 2;
}
