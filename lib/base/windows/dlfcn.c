/* Shared objects. See dlfcn.h. */
#include <dlfcn.h>
#include <errno.h>
#include <windows.h>

#include "base/path.h"
#include "base/windows/wide.h"
#include "base/wtf8.h"

static char why[256];

static void *fail(DWORD error)
{
	wchar_t wide[200];
	DWORD n = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
				 error, 0, wide, sizeof(wide) / sizeof(wide[0]), NULL);
	char *text;

	while (n > 0 && (wide[n - 1] <= ' ' || wide[n - 1] == '.'))
		n--;
	wide[n] = 0;
	text = wsgi_wtf8_string(wide);
	snprintf(why, sizeof(why), "%s (Windows' error %lu)",
		 text != NULL && *text != '\0' ? text : "it was refused", error);
	free(text);
	return NULL;
}

/* LoadLibraryExW() wants a whole path to look beside it for what else is needed; with "\" in it. */
static wchar_t *whole(const char *path)
{
	wchar_t *wide = wsgi_wide_path(path), *full = wide != NULL ? wsgi_wide_whole(wide) : NULL;

	free(wide);
	return full;
}

/* What the system's own words do not say. */
static void *fail_to_load(const char *path, DWORD error)
{
	if (error == ERROR_MOD_NOT_FOUND && wsgi_path_is_file(path)) {
		snprintf(why, sizeof(why),
			 "a library that it needs is neither beside it nor in the system's folder "
			 "(Windows' error %lu)",
			 error);
		return NULL;
	}
	if (error == ERROR_BAD_EXE_FORMAT) {
		snprintf(why, sizeof(why),
			 "it, or a library that it needs, is no %u-bit DLL (Windows' error %lu)",
			 (unsigned)(8 * sizeof(void *)), error);
		return NULL;
	}
	return fail(error);
}

void *dlopen(const char *path, int flags)
{
	wchar_t *full = whole(path);
	HMODULE library;
	DWORD error;

	(void)flags;
	if (full == NULL)
		return fail(errno == ENOMEM ? ERROR_OUTOFMEMORY : ERROR_PATH_NOT_FOUND);
	library = LoadLibraryExW(full, NULL,
				 LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
	error = GetLastError();
	free(full);
	return library != NULL ? library : fail_to_load(path, error);
}

void *dlsym(void *library, const char *symbol)
{
	union {
		FARPROC function;
		void *data;
	} found = {.function = GetProcAddress(library, symbol)};

	return found.function != NULL ? found.data : fail(GetLastError());
}

int dlclose(void *library)
{
	return FreeLibrary(library) ? 0 : -1;
}

char *dlerror(void)
{
	return why;
}
