/* A chunk before start_response(). */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"empty", "B:G;C:;" STEPS_OK "C:late"},
	{"", "B:G;C:early;" STEPS_OK "C:late"},
};

STEPS_APPLICATION(kinds);
