/* Fails after a good chunk: the body is cut. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"", STEPS_BODY "C:good ;E:no chunk"},
};

STEPS_APPLICATION(kinds);
