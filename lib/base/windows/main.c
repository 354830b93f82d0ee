/*
 * main - the beginning of a program of the Windows build: wide words and variables become WTF-8,
 * then main() is as everywhere.
 */
#include <sysexits.h>
#include <windows.h>

#include "base/windows/environment.h"
#include "base/wtf8.h"

#undef main
int wmain(int argc, wchar_t **argv);

/* The C library replaces no "*" of a word by the names of files: a client may have written it. */
extern int _dowildcard;
int _dowildcard = 0;

/* The words; they live as long as the process. NULL: no memory. */
static char **words(int argc, wchar_t **wide)
{
	char **argv = calloc((size_t)argc + 1, sizeof(argv[0]));

	for (int i = 0; argv != NULL && i < argc; i++) {
		argv[i] = wsgi_wtf8_string(wide[i]);
		if (argv[i] == NULL)
			return NULL;
	}
	return argv;
}

int wmain(int argc, wchar_t **wide)
{
	char **argv = words(argc, wide);

	/* A crash ends the process; no window waits on a server for somebody to close it. */
	SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
	/* No library comes out of the working directory, which is the web site's. */
	SetDllDirectoryW(L"");
	_fmode = _O_BINARY;
	for (int fd = 0; fd <= 2; fd++)
		_setmode(fd, _O_BINARY);
	if (argv == NULL || wsgi_windows_read_environment() != 0)
		return EX_OSERR;
	return wsgi_windows_main(argc, argv);
}
