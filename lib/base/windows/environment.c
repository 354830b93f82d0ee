#include "base/windows/environment.h"

#include <errno.h>
#include <stdbool.h>
#include <windows.h>

#include "base/windows/wide.h"
#include "base/wtf8.h"

/* NULL-terminated; count entries, each its own. What was replaced is not freed: somebody has it. */
char **wsgi_windows_environ;
static size_t count;

/* Add a variable, which is then ours. Returns 0 or -ENOMEM. */
static int add(char *entry)
{
	char **more = realloc(environ, (count + 2) * sizeof(environ[0]));

	if (more == NULL || entry == NULL) {
		environ = more != NULL ? more : environ;
		free(entry);
		return -ENOMEM;
	}
	environ = more;
	environ[count++] = entry;
	environ[count] = NULL;
	return 0;
}

int wsgi_windows_read_environment(void)
{
	wchar_t *block = GetEnvironmentStringsW();
	int rc = block != NULL ? 0 : -ENOMEM;

	for (const wchar_t *at = block; rc == 0 && *at != 0; at += wcslen(at) + 1)
		rc = add(wsgi_wtf8_string(at));
	if (block != NULL)
		FreeEnvironmentStringsW(block);
	if (rc == 0 && environ == NULL) { /* not one variable */
		environ = calloc(1, sizeof(environ[0]));
		rc = environ != NULL ? 0 : -ENOMEM;
	}
	return rc;
}

/* Whether two names are one: as the system compares them, without regard to case. */
static bool is_same(const char *entry, size_t len, const wchar_t *name)
{
	size_t units;
	wchar_t *other = wsgi_wtf8_decode((struct wsgi_span){entry, len}, &units);
	bool same = other != NULL &&
		    CompareStringOrdinal(other, (int)units, name, -1, TRUE) == CSTR_EQUAL;

	free(other);
	return same;
}

/* A name's place in environ, and through *value its value; count: it is not there. */
static size_t find(const char *name, char **value)
{
	wchar_t *wide = wsgi_wide(name);
	size_t i = 0;

	for (; wide != NULL && i < count; i++) {
		char *equals = strchr(environ[i] + 1, '='); /* "=C:=C:\": a name may begin so */

		if (equals != NULL && is_same(environ[i], (size_t)(equals - environ[i]), wide)) {
			*value = equals + 1;
			break;
		}
	}
	i = wide != NULL ? i : count;
	free(wide);
	return i;
}

char *wsgi_windows_getenv(const char *name)
{
	char *value;

	return *name != '\0' && find(name, &value) < count ? value : NULL;
}

/*
 * The C library's own copy, which an application's getenv() reads: it has it since the start, with
 * what a client wrote. It cannot hold an empty value: then it has none. Returns 0; -1 and ENOMEM.
 */
static int tell_library(const wchar_t *name, const wchar_t *value)
{
	const size_t len = wcslen(name) + wcslen(value) + 2;
	wchar_t *entry = malloc(len * sizeof(entry[0]));

	if (entry == NULL) {
		errno = ENOMEM;
		return -1;
	}
	wcscat(wcscat(wcscpy(entry, name), L"="), value);
	_wputenv(entry);
	free(entry);
	return 0;
}

/* The system's copy, which children get. The C library may have taken it out before. */
static int tell_system(const wchar_t *name, const wchar_t *value)
{
	if (SetEnvironmentVariableW(name, value) ||
	    (value == NULL && GetLastError() == ERROR_ENVVAR_NOT_FOUND))
		return 0;
	return wsgi_windows_failed();
}

/* Change the copies that are not ours. value NULL: it is to go. */
static int inherit(const char *name, const char *value)
{
	wchar_t *wide = wsgi_wide(name), *wide_value = value != NULL ? wsgi_wide(value) : NULL;
	int rc = -1;

	if (wide != NULL && (value == NULL || wide_value != NULL))
		rc = tell_library(wide, wide_value != NULL ? wide_value : L"");
	if (rc == 0)
		rc = tell_system(wide, wide_value);
	free(wide);
	free(wide_value);
	return rc;
}

/* Whether a variable can have it; errno says that it cannot. */
static bool is_name(const char *name)
{
	if (*name != '\0' && strchr(name, '=') == NULL)
		return true;
	errno = EINVAL;
	return false;
}

int wsgi_windows_setenv(const char *name, const char *value, int overwrite)
{
	char *entry, *old;
	size_t i;
	int made;

	if (!is_name(name))
		return -1;
	i = find(name, &old);
	if (i < count && (!overwrite || strcmp(old, value) == 0))
		return 0;
	/* In the letters that it has: so the system keeps it. */
	if (i < count)
		made = asprintf(&entry, "%.*s%s", (int)(old - environ[i]), environ[i], value);
	else
		made = asprintf(&entry, "%s=%s", name, value);
	if (made < 0) {
		errno = ENOMEM;
		return -1;
	}
	if (inherit(name, value) != 0) {
		free(entry);
		return -1;
	}
	if (i == count)
		return add(entry) == 0 ? 0 : -1;
	environ[i] = entry;
	return 0;
}

/* All of that name: what started us may have given more than one. */
int wsgi_windows_unsetenv(const char *name)
{
	char *old;
	size_t i;

	if (!is_name(name))
		return -1;
	while ((i = find(name, &old)) < count) {
		if (inherit(name, NULL) != 0)
			return -1;
		memmove(environ + i, environ + i + 1, (count - i) * sizeof(environ[0]));
		count--;
	}
	return 0;
}
