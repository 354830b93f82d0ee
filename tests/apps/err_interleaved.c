/* Lines for the log between the chunks. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"", STEPS_BODY
	 "G:before 0;C:0;G:before 1;C:1;G:before 2;C:2;G:before 3;C:3;G:before 4;C:4;G:end"},
};

STEPS_APPLICATION(kinds);
