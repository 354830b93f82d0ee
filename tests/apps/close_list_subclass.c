/* A list of so many chunks as the query says, whose close() is logged. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"0", STEPS_LIST "K:close of 0"},
	{"1", STEPS_LIST "C:chunk;K:close of 1"},
	{"", STEPS_LIST "C:chunk;C:chunk;K:close of 2"},
};

STEPS_APPLICATION(kinds);
