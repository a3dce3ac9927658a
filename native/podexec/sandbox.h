/* The requests `sandbox` and `unsandbox`: a pod's network, UTS and IPC namespaces, kept by bind mounts. */
#ifndef WAGGLE_PODEXEC_SANDBOX_H
#define WAGGLE_PODEXEC_SANDBOX_H

#include "cgroup.h"
#include "system.h"

#define SANDBOXES "/run/waggle/pods"
#define NETNS "/run/netns"

static void keep_namespace(const char *name, const char *path)
{
	char source[64];
	snprintf(source, sizeof(source), "/proc/self/ns/%s", name);
	int file = open(path, O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC, 0444);
	if (file < 0)
		die("setup", "cannot make %s: %s", path, strerror(errno));
	close(file);
	if (mount(source, path, NULL, MS_BIND, NULL) < 0)
		die("setup", "cannot keep the namespace %s: %s", path, strerror(errno));
}

static void sandbox_path(char path[512], const char *id, const char *name)
{
	if (strchr(id, '/'))
		die("setup", "the pod id %s is refused", id);
	if (strcmp(name, "net") == 0)
		snprintf(path, 512, NETNS "/%s", id);
	else
		snprintf(path, 512, SANDBOXES "/%s/%s", id, name);
}

static void serve_sandbox(int connection, const struct request *request)
{
	const char *id = need(request, "id"), *hostname = need(request, "hostname");
	bool own_network = !flag(request, "hostnetwork");
	char path[512];
	int here = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	close(make_in_root(here, NETNS, true));
	snprintf(path, sizeof(path), SANDBOXES "/%s", id);
	close(make_in_root(here, path, true));
	if (unshare(CLONE_NEWUTS | CLONE_NEWIPC | (own_network ? CLONE_NEWNET : 0)) < 0)
		die("setup", "cannot make the pod's namespaces: %s", strerror(errno));
	if (sethostname(hostname, strlen(hostname)) < 0)
		die("setup", "cannot set the host name %s: %s", hostname, strerror(errno));
	if (own_network)
		raise_loopback();
	set_sysctls(request);
	static const char *const names[] = { "uts", "ipc", "net" };
	for (int i = 0; i < (own_network ? 3 : 2); i++) {
		sandbox_path(path, id, names[i]);
		keep_namespace(names[i], path);
	}
	reply(connection, "ok %d\nexit 0 0 0\n", getpid());
}

/* Also for a sandbox that was made in part, or never: taking away what is not there is success. */
static void serve_unsandbox(int connection, const struct request *request)
{
	const char *id = need(request, "id"), *cgroup = get(request, "cgroup", NULL);
	static const char *const names[] = { "uts", "ipc", "net" };
	char path[512];
	for (int i = 0; i < 3; i++) {
		sandbox_path(path, id, names[i]);
		umount2(path, MNT_DETACH);
		unlink(path);
	}
	snprintf(path, sizeof(path), SANDBOXES "/%s", id);
	rmdir(path);
	if (cgroup)
		unlinkat(node_cgroup, cgroup, AT_REMOVEDIR);
	reply(connection, "ok %d\nexit 0 0 0\n", getpid());
}

#endif
