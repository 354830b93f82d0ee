/* close() is called however the body ends; the query says how it does. */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"first", STEPS_BODY "E:first;K:close 1"},
	{"second", STEPS_BODY "C:ok ;E:second;K:close 1"},
	{"badchunk", STEPS_BODY "E:no chunk;K:close 1"},
	{"badsecond", STEPS_BODY "C:ok ;E:no chunk;K:close 1"},
	{"nostart", "B:G;C:ok ;C:done;K:close 1"},
	{"", STEPS_BODY "C:ok ;C:done;K:close 1"},
};

STEPS_APPLICATION(kinds);
