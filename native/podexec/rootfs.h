/* File trees of nodes and containers: overlay roots, volumes, /proc, /sys, /dev.
 *
 * Paths that a pod can influence (mount targets, subPaths) are always resolved by openat2 with RESOLVE_IN_ROOT, and mounts are
 * attached by descriptor, so that a symbolic link inside a tree never leads out of it. */
#ifndef WAGGLE_PODEXEC_ROOTFS_H
#define WAGGLE_PODEXEC_ROOTFS_H

#include "wire.h"
#include <ftw.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

static int open_in_root(int root, const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* Opens the directory `path` inside `root`, making missing ones; with `leaf` false, opens the parent of the last component. */
static int make_in_root(int root, const char *path, bool leaf)
{
	char copy[4096];
	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		die("mount", "the path %s is too long", path);
	int directory = open_in_root(root, "/", O_PATH | O_DIRECTORY);
	for (char *at = copy; directory >= 0;) {
		while (*at == '/')
			at++;
		char *end = strchrnul(at, '/');
		char *rest = end;
		while (*rest == '/')
			rest++;
		if (!*at || (!leaf && !*rest))
			break;
		char kept = *end;
		*end = '\0';
		int next = open_in_root(root, copy, O_PATH | O_DIRECTORY);
		/* Another container may be making the same directory right now. */
		if (next < 0 && errno == ENOENT && (mkdirat(directory, at, 0755) == 0 || errno == EEXIST))
			next = open_in_root(root, copy, O_PATH | O_DIRECTORY);
		if (next < 0)
			die("mount", "cannot make the directory %s: %s", copy, strerror(errno));
		*end = kept;
		close(directory);
		directory = next;
		at = rest;
	}
	if (directory < 0)
		die("mount", "cannot open %s: %s", path, strerror(errno));
	return directory;
}

/* Opens the place where a file is mounted. A symbolic link there (as /etc/resolv.conf often is) is replaced by an empty file. */
static int make_file_in_root(int root, const char *path)
{
	const char *name = strrchr(path, '/');
	name = name ? name + 1 : path;
	int parent = make_in_root(root, path, false);
	struct stat found;
	if (fstatat(parent, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(found.st_mode))
		unlinkat(parent, name, 0);
	int made = openat(parent, name, O_CREAT | O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	if (made >= 0)
		close(made);
	int file = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (file < 0)
		die("mount", "cannot make the file %s: %s", path, strerror(errno));
	close(parent);
	return file;
}

/* One volume or file to appear in a tree. */
struct bind {
	const char *source, *target, *sub_path, *kind, *propagation;
	bool read_only, recursive;
	long gid;
};

/* The source's type as the specification asks for it, as hostPath types do: any, DirectoryOrCreate, File, Socket, … */
static void check_kind(const struct bind *bind, mode_t mode)
{
	const char *kind = bind->kind;
	bool matches = strncmp(kind, "Directory", 9) == 0 ? S_ISDIR(mode)
		: strncmp(kind, "File", 4) == 0 ? S_ISREG(mode)
		: strcmp(kind, "Socket") == 0 ? S_ISSOCK(mode)
		: strcmp(kind, "CharDevice") == 0 ? S_ISCHR(mode)
		: strcmp(kind, "BlockDevice") == 0 ? S_ISBLK(mode) : true;
	if (!matches)
		die("mount", "hostPath type check failed: %s is not a %s", bind->source, kind);
}

/* Opens (and makes, where the type says so) what is to be mounted. */
static int open_source(const struct bind *bind)
{
	int here = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int source = open(bind->source, O_PATH | O_CLOEXEC);
	if (source < 0 && errno == ENOENT) {
		/* An empty hostPath type makes a directory too, as container runtimes do. */
		if (strcmp(bind->kind, "DirectoryOrCreate") == 0 || strcmp(bind->kind, "") == 0)
			source = make_in_root(here, bind->source, true);
		else if (strcmp(bind->kind, "FileOrCreate") == 0)
			source = make_file_in_root(here, bind->source);
	}
	close(here);
	if (source < 0)
		die("mount", "hostPath type check failed: %s: %s", bind->source, strerror(errno));
	struct stat found;
	if (fstat(source, &found) < 0)
		die("mount", "cannot look at %s: %s", bind->source, strerror(errno));
	check_kind(bind, found.st_mode);
	if (bind->gid >= 0) {
		char path[64];
		snprintf(path, sizeof(path), "/proc/self/fd/%d", source);
		if (chown(path, (uid_t)-1, (gid_t)bind->gid) < 0 || chmod(path, (found.st_mode & 07777) | 02070) < 0)
			die("mount", "cannot give %s to the fsGroup %ld: %s", bind->source, bind->gid, strerror(errno));
	}
	if (*bind->sub_path) {
		int inner = open_in_root(source, bind->sub_path, O_PATH);
		if (inner < 0 && errno == ENOENT)
			inner = make_in_root(source, bind->sub_path, true);
		if (inner < 0)
			die("mount", "cannot open the subPath %s: %s", bind->sub_path, strerror(errno));
		close(source);
		source = inner;
	}
	return source;
}

/* Mounts one bind inside `root`, a descriptor of the tree's top. */
static void attach_bind(int root, const struct bind *bind)
{
	struct stat found;
	int source = open_source(bind);
	fstat(source, &found);
	unsigned recursive = bind->recursive ? AT_RECURSIVE : 0;
	int tree = open_tree(source, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | recursive);
	if (tree < 0)
		die("mount", "cannot clone the mount %s: %s", bind->source, strerror(errno));
	struct mount_attr attributes = { .attr_set = bind->read_only ? MOUNT_ATTR_RDONLY : 0 };
	attributes.propagation = strcmp(bind->propagation, "Bidirectional") == 0 ? MS_SHARED
		: strcmp(bind->propagation, "HostToContainer") == 0 ? MS_SLAVE : MS_PRIVATE;
	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof(attributes)) < 0)
		die("mount", "cannot set the attributes of the mount %s: %s", bind->target, strerror(errno));
	int target = S_ISDIR(found.st_mode) ? make_in_root(root, bind->target, true) : make_file_in_root(root, bind->target);
	if (move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		die("mount", "cannot mount %s at %s: %s", bind->source, bind->target, strerror(errno));
	close(tree);
	close(target);
	close(source);
}

/* Mounts every "mount=…" record of the request: the fields after it, up to the next one, describe it. */
static void attach_binds(int root, const struct request *request)
{
	struct bind bind;
	bool open = false;
	for (const char *field = next_field(request, NULL);; field = next_field(request, field)) {
		const char *target = field ? value_of(field, "mount") : NULL;
		if (open && (!field || target))
			attach_bind(root, &bind);
		if (!field)
			return;
		if (target) {
			bind = (struct bind){ .source = "", .target = target, .sub_path = "", .kind = "any", .propagation = "None", .recursive = true, .gid = -1 };
			open = true;
			continue;
		}
		const char *value;
		if ((value = value_of(field, "mount.source")))
			bind.source = value;
		else if ((value = value_of(field, "mount.subpath")))
			bind.sub_path = value;
		else if ((value = value_of(field, "mount.kind")))
			bind.kind = value;
		else if ((value = value_of(field, "mount.propagation")))
			bind.propagation = value;
		else if ((value = value_of(field, "mount.readonly")))
			bind.read_only = *value == '1';
		else if ((value = value_of(field, "mount.recursive")))
			bind.recursive = *value == '1';
		else if ((value = value_of(field, "mount.gid")))
			bind.gid = atol(value);
	}
}

static void mount_in_root(int root, const char *type, const char *target, unsigned long flags, const char *data)
{
	char path[64];
	int directory = make_in_root(root, target, true);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", directory);
	if (mount(type, path, type, flags, data) < 0)
		die("setup", "cannot mount %s at %s: %s", type, target, strerror(errno));
	close(directory);
}

/* An overlay of the machine's file system with its changes in `directory`; returns a descriptor of its top. */
static int mount_overlay(const char *lower, const char *directory)
{
	char options[3 * 4096 + 64], path[4096];
	static const char *const parts[] = { "", "/upper", "/work", "/root" };
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		snprintf(path, sizeof(path), "%s%s", directory, parts[i]);
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			die("setup", "cannot make %s: %s", path, strerror(errno));
	}
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s/upper,workdir=%s/work", lower, directory, directory);
	if (mount("overlay", path, "overlay", 0, options) < 0)
		die("setup", "cannot mount an overlay of the machine's root (%s): %s", options, strerror(errno));
	if (mount(NULL, path, NULL, MS_PRIVATE, NULL) < 0)
		die("setup", "cannot make %s private: %s", path, strerror(errno));
	int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		die("setup", "cannot open %s: %s", path, strerror(errno));
	return root;
}

/* Device files every program may expect, terminals and shared memory. `terminals` has the devpts options. */
static void mount_dev(int root, bool privileged)
{
	static const struct { const char *name; unsigned major, minor; bool privileged; } devices[] = {
		{ "null", 1, 3, false }, { "zero", 1, 5, false }, { "full", 1, 7, false }, { "random", 1, 8, false },
		{ "urandom", 1, 9, false }, { "tty", 5, 0, false }, { "kmsg", 1, 11, true }, { "fuse", 10, 229, true }, { "net/tun", 10, 200, true },
	};
	static const struct { const char *name, *target; } links[] = {
		{ "ptmx", "pts/ptmx" }, { "fd", "/proc/self/fd" }, { "stdin", "/proc/self/fd/0" },
		{ "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
	};
	mount_in_root(root, "tmpfs", "/dev", MS_NOSUID, "mode=755,size=1m");
	int dev = open_in_root(root, "/dev", O_PATH | O_DIRECTORY);
	mkdirat(dev, "net", 0755);
	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++) {
		if (devices[i].privileged && !privileged)
			continue;
		mode_t mask = umask(0);
		if (mknodat(dev, devices[i].name, S_IFCHR | 0666, makedev(devices[i].major, devices[i].minor)) < 0)
			die("setup", "cannot make /dev/%s: %s", devices[i].name, strerror(errno));
		umask(mask);
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (symlinkat(links[i].target, dev, links[i].name) < 0)
			die("setup", "cannot make /dev/%s: %s", links[i].name, strerror(errno));
	close(dev);
	mount_in_root(root, "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5");
	mount_in_root(root, "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=64m");
}

/* Makes `root` the root of this mount namespace and lets go of everything else. */
static void enter_root(int root)
{
	int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (old < 0 || fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		die("setup", "cannot change the root: %s", strerror(errno));
	/* The old root now lies over the new one. As a slave it can go without taking the mounts of its peers with it. */
	if (fchdir(old) < 0 || mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		die("setup", "cannot leave the old root: %s", strerror(errno));
}

static void make_read_only(const char *path)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
	int tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0 && errno == ENOENT)
		return;
	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0
	    || move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		die("setup", "cannot make %s read-only: %s", path, strerror(errno));
	close(tree);
}

static void hide_file(const char *path)
{
	if (access(path, F_OK) == 0 && mount("/dev/null", path, NULL, MS_BIND, NULL) < 0)
		die("setup", "cannot hide %s: %s", path, strerror(errno));
}

static int remove_one(const char *path, const struct stat *found, int type, struct FTW *walk)
{
	(void)found;
	(void)type;
	(void)walk;
	return remove(path) < 0 ? 0 : 0; /* go on: what cannot be removed goes with the lab's tmpfs */
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

#endif
