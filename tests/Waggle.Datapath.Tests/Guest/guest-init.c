// First process of the virtual machine in which tests run on an older kernel: loads modules (/modules, in order), makes a root of
// the machine's own root (9p, read-only) under a tmpfs, runs one command there (/command, a line per argument), and says how it
// ended on the last line: "guest: exit N".
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ARGUMENTS 127

static void end(void)
{
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void fail(const char *what, const char *which)
{
	printf("guest: %s %s: %s\n", what, which, strerror(errno));
	end();
}

static void mount_at(const char *path, const char *type, const char *options, unsigned long flags)
{
	mkdir(path, 0755);
	if (mount(type, path, type, flags, options))
		fail("mount", path);
}

static void use_console(void)
{
	int console;

	mount_at("/dev", "devtmpfs", "", 0);
	console = open("/dev/console", O_RDWR);
	if (console < 0 || dup2(console, 0) < 0 || dup2(console, 1) < 0 || dup2(console, 2) < 0)
		end();
}

/* Reads a file of lines into words, which end with a null pointer. */
static void read_lines(const char *path, char *lines[], int max)
{
	FILE *file = fopen(path, "r");
	size_t size = 0;
	int count = 0;

	if (!file)
		fail("open", path);
	while (count < max && (lines[count] = NULL, getline(&lines[count], &size, file) >= 0)) {
		lines[count][strcspn(lines[count], "\n")] = 0;
		count++;
		size = 0;
	}
	lines[count] = NULL;
	fclose(file);
}

static void load_modules(void)
{
	static char *names[MAX_ARGUMENTS + 1];
	char path[512];

	read_lines("/modules", names, MAX_ARGUMENTS);
	for (char **name = names; *name; name++) {
		snprintf(path, sizeof(path), "/lib/%s.ko", *name);
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
			fail("load module", *name);
		close(fd);
	}
}

static void make_root(void)
{
	/* The source is the name QEMU gives its export. */
	mkdir("/lower", 0755);
	if (mount("machine", "/lower", "9p", MS_RDONLY, "trans=virtio,version=9p2000.L,cache=loose,msize=524288"))
		fail("mount", "/lower");
	mount_at("/upper", "tmpfs", "", 0);
	mkdir("/upper/data", 0755);
	mkdir("/upper/work", 0755);
	mount_at("/root", "overlay", "lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work", 0);
	mount_at("/root/proc", "proc", "", 0);
	mount_at("/root/sys", "sysfs", "", 0);
	mount_at("/root/sys/fs/bpf", "bpf", "", 0);
	mount_at("/root/sys/fs/cgroup", "cgroup2", "", 0);
	mount_at("/root/dev", "devtmpfs", "", 0);
	mount_at("/root/dev/shm", "tmpfs", "", 0);
	mount_at("/root/dev/pts", "devpts", "", 0);
	mount_at("/root/run", "tmpfs", "", 0);
}

int main(void)
{
	static char *arguments[MAX_ARGUMENTS + 1];
	int status = 0;
	pid_t child;

	use_console();
	load_modules();
	make_root();
	read_lines("/command", arguments, MAX_ARGUMENTS);
	child = fork();
	if (child < 0)
		fail("fork", arguments[0]);
	if (child == 0) {
		if (chroot("/root") || chdir("/"))
			fail("enter", "/root");
		setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
		setenv("HOME", "/tmp", 1);
		setenv("WAGGLE_GUEST", "1", 1);
		execv(arguments[0], arguments);
		printf("guest: run %s: %s\n", arguments[0], strerror(errno));
		fflush(stdout);
		_exit(127);
	}
	while (waitpid(-1, &status, 0) != child)
		;
	printf("guest: exit %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	end();
}
