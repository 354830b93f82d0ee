/* Fails at the stage that the query names. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"call", "E:call"},
	{"started", STEPS_OK "E:started"},
	{"iter", STEPS_BODY "E:iter;K:close"},
	{"next1", STEPS_BODY "E:next1;K:close"},
	{"next2", STEPS_BODY "C:chunk1 ;E:next2;K:close"},
	{"next3", STEPS_BODY "C:chunk1 ;C:chunk2 ;E:next3;K:close"},
	{"next4", STEPS_BODY "C:chunk1 ;C:chunk2 ;C:chunk3 ;E:next4;K:close"},
	{"next1close", STEPS_BODY "C:chunk1 ;C:chunk2 ;C:chunk3 ;K:close;X:close"},
	{"next2close", STEPS_BODY "C:chunk1 ;C:chunk2 ;C:chunk3 ;K:close;X:close"},
	{"close", STEPS_BODY "C:chunk1 ;C:chunk2 ;C:chunk3 ;K:close;X:close"},
	{"", STEPS_BODY "C:chunk1 ;C:chunk2 ;C:chunk3 ;K:close"},
};

STEPS_APPLICATION(kinds);
