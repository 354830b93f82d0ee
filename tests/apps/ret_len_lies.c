/* A body that says it has one chunk, and has three. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"", STEPS_OK "B:1;C:first;C: second;C: third"},
};

STEPS_APPLICATION(kinds);
