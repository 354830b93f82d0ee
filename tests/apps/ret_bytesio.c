/* A body that comes by lines; close() is logged. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"", STEPS_BODY "C:line 1%0A;C:line 2%0A;C:%0A;C:last without newline;K:closed after 35"},
};

STEPS_APPLICATION(kinds);
