/* What an application does at the end of its body, whole or cut off. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"raise", STEPS_BODY "C:one ;G:finally;E:mid"},
	{"bad", STEPS_BODY "C:one ;E:no chunk;K:generator exit;K:finally"},
	{"", STEPS_BODY "C:one ;C:two;G:finally"},
};

STEPS_APPLICATION(kinds);
