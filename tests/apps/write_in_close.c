/* write() when the body is closed. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"", STEPS_BODY "C:body ;Z:from close"},
};

STEPS_APPLICATION(kinds);
