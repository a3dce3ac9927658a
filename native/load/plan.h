/*
 * Traffic in slots: what two variants of a path are compared by, or a path with something switched on and off. Time since START (ns,
 * CLOCK_MONOTONIC) is cut into slots of equal length; PATTERN has a character for each. Generators (slots.h) and the switch (switch.h)
 * follow the same plan without a word between them. In every slot only the middle is counted: GUARD is left out behind its beginning,
 * when what was under way before still arrives and the switch may be late, and TAIL before its end.
 */
#ifndef WAGGLE_LOAD_PLAN_H
#define WAGGLE_LOAD_PLAN_H

#include "system.h"

#define PLAN_WORDS 5

struct plan {
	int64_t start, slot, guard, tail;
	const char *pattern;
	int64_t count;
};

/* "START SLOT GUARD TAIL PATTERN", the times in ns. */
static struct plan read_plan(char **words)
{
	struct plan plan = { atoll(words[0]), atoll(words[1]), atoll(words[2]), atoll(words[3]), words[4], (int64_t)strlen(words[4]) };

	if (plan.slot <= plan.guard + plan.tail || plan.guard < 0 || plan.tail < 0 || !plan.count)
		refuse("slots must be longer than what is left out of them");
	return plan;
}

static int is_marked(const struct plan *plan, int64_t slot)
{
	return plan->pattern[slot] == 'x';
}

#endif
