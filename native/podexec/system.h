/* What a node, a container and a pod all need of the kernel: its file systems, the loopback device, sysctls. */
#ifndef WAGGLE_PODEXEC_SYSTEM_H
#define WAGGLE_PODEXEC_SYSTEM_H

#include "process.h"
#include "rootfs.h"
#include <net/if.h>

static void mount_system(int root, bool privileged)
{
	mount_in_root(root, "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_in_root(root, "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC | (privileged ? 0 : MS_RDONLY), NULL);
	int parent = open_in_root(root, "/sys/fs/cgroup", O_PATH | O_DIRECTORY);
	if (parent >= 0) {
		close(parent);
		mount_in_root(root, "cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC | (privileged ? 0 : MS_RDONLY), NULL);
	}
	mount_dev(root, privileged);
}

static void raise_loopback(void)
{
	struct ifreq interface = { .ifr_name = "lo" };
	int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (any < 0 || ioctl(any, SIOCGIFFLAGS, &interface) < 0)
		die("setup", "cannot find lo: %s", strerror(errno));
	interface.ifr_flags |= IFF_UP;
	if (ioctl(any, SIOCSIFFLAGS, &interface) < 0)
		die("setup", "cannot raise lo: %s", strerror(errno));
	close(any);
}

/* Writes "sysctl=net.ipv4.ip_forward=1" fields; a parameter that this kernel does not have is an error of the request. */
static void set_sysctls(const struct request *request)
{
	for (const char *field = NULL; (field = next_field(request, field));) {
		char path[512];
		const char *value = value_of(field, "sysctl");
		const char *equals = value ? strchr(value, '=') : NULL;
		if (!equals)
			continue;
		int length = snprintf(path, sizeof(path), "/proc/sys/%.*s", (int)(equals - value), value);
		if (length >= (int)sizeof(path) || strstr(path, ".."))
			die("setup", "the sysctl %s is refused", value);
		for (char *c = path + strlen("/proc/sys/"); *c; c++)
			if (*c == '.')
				*c = '/';
		write_file(path, equals + 1);
	}
}

#endif
