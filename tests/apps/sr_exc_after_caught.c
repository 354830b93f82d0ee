/* start_response() with an error when the headers are out; what it says is let pass. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"",
	 STEPS_BODY "C:sent ;s:500 Too Late:1:Content-Type=text/plain;G:got back inner;C:went on"},
};

STEPS_APPLICATION(kinds);
