/* start_response() is never called. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"body", "B:L;C:no status"},
	{"", "B:L;"},
};

STEPS_APPLICATION(kinds);
