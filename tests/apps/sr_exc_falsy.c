/* start_response() twice without an error. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"", STEPS_OK "S:200 Again:0:Content-Type=text/plain;B:L;C:x"},
};

STEPS_APPLICATION(kinds);
