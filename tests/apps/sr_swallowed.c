/* Goes on after a start_response() that was refused. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"status", "s:200OK:0:Content-Type=text/plain;G:AssertionError;B:L;C:went on"},
	{"hop", "s:200 OK:0:Connection=close:X-A=b;G:AssertionError;B:L;C:went on"},
	{"empty", "s::0:X-A=b;G:AssertionError;B:L;C:went on"},
	{"", "G:TypeError;B:L;C:went on"},
};

STEPS_APPLICATION(kinds);
