/* Fails after an empty chunk: the headers are out. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"", STEPS_BODY "C:;E:after the empty chunk"},
};

STEPS_APPLICATION(kinds);
