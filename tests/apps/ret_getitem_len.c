/* A body that says it has one chunk, and has. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"", STEPS_OK "B:1;C:the one"},
};

STEPS_APPLICATION(kinds);
