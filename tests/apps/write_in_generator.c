/* write() between the chunks. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"", STEPS_BODY "C:a;W:b;C:c;W:d"},
};

STEPS_APPLICATION(kinds);
