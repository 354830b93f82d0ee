/*
 * python_load FILE - load an extension module as an interpreter does, and say what came of it.
 *
 * Its python3.dll is the test's: PyModule_Create2() gives back the definition that it was given.
 * Then the standard streams: this program's C library is the module's, so descriptors 0 and 1 are
 * those that the module has made its own; their first handles, which stay an interpreter's, are
 * closed. What was read is said by its length and sum.
 */
#include <windows.h>

#include <fcntl.h>
#include <io.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* The stable ABI's PyModuleDef, as far as it is looked at. */
struct method {
	const char *name;
	void *function;
	int flags;
	const char *doc;
};
struct definition {
	void *head[5];
	const char *name, *doc;
	ptrdiff_t size;
	struct method *methods;
};

static int fail(const char *what)
{
	fprintf(stderr, "%s: error %lu\n", what, GetLastError());
	return 1;
}

static void read_body(void)
{
	unsigned char block[65536];
	unsigned long long len = 0, sum = 0;
	int n;

	while ((n = _read(0, block, sizeof(block))) > 0) {
		for (int i = 0; i < n; i++)
			sum = sum * 31 + block[i];
		len += (unsigned)n;
	}
	printf("body %llu %llu\n", len, sum);
}

static void try_streams(const HANDLE before[3])
{
	static const DWORD names[3] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};

	for (int fd = 0; fd < 3; fd++)
		printf("stream %d %s %s\n", fd,
		       GetStdHandle(names[fd]) == before[fd] ? "kept" : "lost",
		       (HANDLE)_get_osfhandle(fd) != before[fd] ? "own" : "shared");
	for (int fd = 0; fd < 2; fd++)
		printf("close %d\n", CloseHandle(before[fd]));
	fflush(stdout);
	read_body();
}

int wmain(int argc, wchar_t **argv); /* what -municode calls */

int wmain(int argc, wchar_t **argv)
{
	const HANDLE before[3] = {GetStdHandle(STD_INPUT_HANDLE), GetStdHandle(STD_OUTPUT_HANDLE),
				  GetStdHandle(STD_ERROR_HANDLE)};
	HMODULE module = argc > 1 ? LoadLibraryW(argv[1]) : NULL;
	union {
		FARPROC found;
		struct definition *(*call)(void);
	} init;
	struct definition *definition;

	if (module == NULL)
		return fail("LoadLibraryW");
	init.found = GetProcAddress(module, "PyInit_wsgi_python");
	if (init.found == NULL)
		return fail("GetProcAddress");
	definition = init.call();
	printf("module %s\n", definition->name);
	for (struct method *m = definition->methods; m->name != NULL; m++)
		printf("method %s\n", m->name);
	try_streams(before);
	return 0;
}
