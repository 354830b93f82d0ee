/* start_response() with an error, the first time. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"", "S:400 Bad:1:Content-Type=text/plain;B:L;C:early error"},
};

STEPS_APPLICATION(kinds);
