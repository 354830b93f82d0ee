/* write(), and a body behind it. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"", STEPS_OK "W:w1 ;W:w2 ;B:L;C:i1 ;C:i2"},
};

STEPS_APPLICATION(kinds);
