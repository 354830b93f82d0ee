#include "proc/title.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

/* The fields of /proc/self/stat after the name of the program, which may hold anything. */
enum { AFTER_NAME = 3, ARG_START = 48, ARG_END = 49, STAT_BYTES = 2048 };

static const char *field(const char *at, int from, int wanted)
{
	for (; at != NULL && from < wanted; from++) {
		at = strchr(at, ' ');
		at = at != NULL ? at + 1 : NULL;
	}
	return at;
}

/* Where the kernel has put the command line. Returns its size, 0 when that cannot be told. */
static size_t find_room(char **start)
{
	char text[STAT_BYTES];
	FILE *f = fopen("/proc/self/stat", "re");
	size_t n = f != NULL ? fread(text, 1, sizeof(text) - 1, f) : 0;
	const char *at, *from, *to;
	uintptr_t first = 0, end = 0;

	if (f != NULL)
		fclose(f);
	text[n] = '\0';
	at = strrchr(text, ')');
	at = at != NULL && at[1] == ' ' ? at + 2 : NULL;
	from = field(at, AFTER_NAME, ARG_START);
	to = field(at, AFTER_NAME, ARG_END);
	if (from == NULL || to == NULL || sscanf(from, "%" SCNuPTR, &first) != 1 ||
	    sscanf(to, "%" SCNuPTR, &end) != 1 || first == 0 || end <= first)
		return 0;
	*start = (char *)first;
	return end - first;
}

void wsgi_title_set(int argc, char *const *argv)
{
	char *start = NULL;
	size_t room = find_room(&start), at = 0;

	prctl(PR_SET_NAME, argv[0]);
	if (room == 0)
		return;
	memset(start, 0, room);
	for (int i = 0; i < argc; i++) {
		size_t len = strlen(argv[i]) + 1;

		if (at + len > room)
			break;
		memcpy(start + at, argv[i], len);
		at += len;
	}
}
