/* start_response() with an error before the headers are out: the second stands. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"", "S:200 OK:0:X-Old=1:Content-Type=text/html;S:503 "
	     "Replaced:1:X-New=1:Content-Type=text/plain;"
	     "B:L;C:replaced"},
};

STEPS_APPLICATION(kinds);
