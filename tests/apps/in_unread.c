/* Leaves the request's body unread. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"", STEPS_LIST "C:did not read"},
};

STEPS_APPLICATION(kinds);
