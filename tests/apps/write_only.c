/* write() alone, and a body without a chunk. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"", STEPS_OK "W:written ;W:twice;B:L;"},
};

STEPS_APPLICATION(kinds);
