/* Fails in words that no client may see. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"", "E:password is sesame-4711"},
};

STEPS_APPLICATION(kinds);
