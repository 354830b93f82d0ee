#include "base/program.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#define SELF "/proc/self/exe"
#define DELETED " (deleted)" /* proc(5): what stands behind the name of a replaced program */

char *wsgi_program_path(void)
{
	char path[PATH_MAX];
	ssize_t len = readlink(SELF, path, sizeof(path) - 1);
	size_t deleted = sizeof(DELETED) - 1;

	if (len <= 0)
		return NULL;
	path[len] = '\0';
	if ((size_t)len > deleted && strcmp(path + len - deleted, DELETED) == 0)
		path[(size_t)len - deleted] = '\0';
	return strdup(path);
}

bool wsgi_program_is(const char *path)
{
	struct stat a, b;

	return stat(path, &a) == 0 && stat(SELF, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

const char *wsgi_program_started_as(void)
{
	union {
		unsigned long value;
		const char *text;
	} name = {.value = getauxval(AT_EXECFN)};

	return name.text;
}

int wsgi_program_become(const char *path, char *const *argv)
{
	execv(path, argv);
	return -errno;
}
