/* start_response() when the body is iterated, which has no chunk. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"", "B:G;S:202 Accepted:0:Content-Type=text/plain"},
};

STEPS_APPLICATION(kinds);
