/* A list without a chunk. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"", STEPS_LIST},
};

STEPS_APPLICATION(kinds);
