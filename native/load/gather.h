/*
 * waggle-load gather CGROUP CPU: all threads of a cgroup, and of those below it, onto one CPU, and their sessions before others of the
 * machine (autogroup). What they start later stays with them. Where two ends share a CPU nobody waits until another CPU has woken up, which is
 * by far the largest difference between two samples of one path; and whatever anybody else of them does there is missing from the rate.
 */
#ifndef WAGGLE_LOAD_GATHER_H
#define WAGGLE_LOAD_GATHER_H

#include "system.h"
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <unistd.h>

static int gather_cpu;
static int gathered;

static void gather_process(const char *pid)
{
	char path[300];
	struct dirent *entry;
	DIR *threads;
	int group;

	snprintf(path, sizeof(path), "/proc/%s/autogroup", pid);
	group = open(path, O_WRONLY | O_CLOEXEC);
	if (group >= 0) {
		if (write(group, "-20", 3) < 0)
			fprintf(stderr, "waggle-load: process %s remains one among equals: %s\n", pid, strerror(errno));
		close(group);
	}
	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	threads = opendir(path);
	while (threads && (entry = readdir(threads)))
		if (entry->d_name[0] != '.')
			move_to_cpu(atoi(entry->d_name), gather_cpu);
	if (threads)
		closedir(threads);
	gathered++;
}

static int gather_group(const char *path, const struct stat *about, int what, struct FTW *where)
{
	char file[4096], pid[32];
	FILE *processes;

	(void)about;
	(void)where;
	if (what != FTW_D)
		return 0;
	snprintf(file, sizeof(file), "%s/cgroup.procs", path);
	processes = fopen(file, "re");
	while (processes && fgets(pid, sizeof(pid), processes)) {
		pid[strcspn(pid, "\n")] = 0;
		gather_process(pid);
	}
	if (processes)
		fclose(processes);
	return 0;
}

static int gather(char **words)
{
	gather_cpu = atoi(words[1]);
	if (nftw(words[0], gather_group, 16, FTW_PHYS) < 0)
		die(words[0]);
	printf("%d\n", gathered);
	return 0;
}

#endif
