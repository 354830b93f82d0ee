/* Statuses that have no body, with one and without: "CODE-KIND". */
#include "steps.h"

static const struct steps_kind kinds[] = {
	{"204-empty", "S:204 No Content:0:ETag=\"1\";B:L;"},
	{"204-one", "S:204 No Content:0:ETag=\"1\";B:L;C:"},
	{"204-body", "S:204 No Content:0:ETag=\"1\";B:L;C:not allowed"},
	{"204-gen", "S:204 No Content:0:ETag=\"1\";B:G;"},
	{"304-empty", "S:304 Not Modified:0:ETag=\"1\";B:L;"},
	{"304-one", "S:304 Not Modified:0:ETag=\"1\";B:L;C:"},
	{"304-body", "S:304 Not Modified:0:ETag=\"1\";B:L;C:not allowed"},
	{"304-gen", "S:304 Not Modified:0:ETag=\"1\";B:G;"},
	{"205-empty", "S:205 Reset Content:0:ETag=\"1\";B:L;"},
	{"205-one", "S:205 Reset Content:0:ETag=\"1\";B:L;C:"},
	{"205-body", "S:205 Reset Content:0:ETag=\"1\";B:L;C:not allowed"},
	{"205-gen", "S:205 Reset Content:0:ETag=\"1\";B:G;"},
	{"101-empty", "S:101 Switching Protocols:0:ETag=\"1\";B:L;"},
	{"101-one", "S:101 Switching Protocols:0:ETag=\"1\";B:L;C:"},
	{"101-body", "S:101 Switching Protocols:0:ETag=\"1\";B:L;C:not allowed"},
	{"", "S:101 Switching Protocols:0:ETag=\"1\";B:G;"},
};

STEPS_APPLICATION(kinds);
