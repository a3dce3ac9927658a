/* What every command needs of the system: an end with a reason, the clocks, the CPU to run on. */
#ifndef WAGGLE_LOAD_SYSTEM_H
#define WAGGLE_LOAD_SYSTEM_H

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND 1000000000LL

/* The system said no to `what`. */
static void die(const char *what)
{
	fprintf(stderr, "waggle-load: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The caller asked for something that makes no sense. */
static void __attribute__((format(printf, 1, 2))) refuse(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	fputs("waggle-load: ", stderr);
	vfprintf(stderr, format, values);
	fputc('\n', stderr);
	va_end(values);
	exit(2);
}

static int64_t read_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* ns, CLOCK_MONOTONIC: the same for all processes of the machine. */
static int64_t now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/* ns that this process spent on a CPU. */
static int64_t cpu_time(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static void sleep_until(int64_t when)
{
	struct timespec t = { when / SECOND, when % SECOND };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* Seconds as a word of the command line, in ns. */
static int64_t duration(const char *seconds)
{
	return (int64_t)(atof(seconds) * SECOND);
}

static void move_to_cpu(pid_t process, int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	sched_setaffinity(process, sizeof(cpus), &cpus);
}

static void stay_on_cpu(int cpu)
{
	move_to_cpu(0, cpu);
}

/* Tells whoever started us that the next step is theirs. */
static void say_ready(void)
{
	printf("ready\n");
	fflush(stdout);
}

#endif
