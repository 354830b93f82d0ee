/*
 * python_standin - in the place of python.exe: it shows how the gateway started it.
 *
 * What it does, the variable STANDIN says. "dump" (or nothing): a CGI response with the words, the
 * folder and the environment as UTF-16 units in hex, an entry a line, and the body in hex. "echo":
 * a response with the body. "exit N", "crash": it ends so. "errors": lines on standard error.
 * "stay": it says its number in the file STANDIN_FILE, and ends never.
 *
 * "python_standin end-parent FILE COMMAND..." starts the gateway by its command line, waits for the
 * number of the interpreter that this has started, ends the gateway alone, and says what became of
 * the interpreter.
 */
#include <windows.h>

#include <fcntl.h>
#include <io.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { WAIT_MS = 20000, STEP_MS = 20 };

static void say_text(const char *label, const wchar_t *text)
{
	printf("%s ", label);
	for (; *text != 0; text++)
		printf("%04x", (unsigned)*text);
	printf("\n");
}

static void say_head(void)
{
	printf("Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n");
}

static void dump(int argc, wchar_t **argv)
{
	wchar_t folder[2048] = L"";
	wchar_t *block = GetEnvironmentStringsW();
	int c;

	say_head();
	for (int i = 0; i < argc; i++)
		say_text("word", argv[i]);
	GetCurrentDirectoryW(2048, folder);
	say_text("folder", folder);
	for (const wchar_t *at = block; *at != 0; at += wcslen(at) + 1)
		say_text("env", at);
	FreeEnvironmentStringsW(block);
	printf("body ");
	while ((c = getchar()) != EOF)
		printf("%02x", (unsigned)c);
	printf("\n");
}

static void echo(void)
{
	static char block[65536];
	size_t n;

	say_head();
	while ((n = fread(block, 1, sizeof(block), stdin)) > 0)
		fwrite(block, 1, n, stdout);
}

static void crash(void)
{
	volatile int *volatile nowhere = NULL;

	*nowhere = 1;
}

/* -- who is ended with whom -------------------------------------------------------------------- */

static int stay(void)
{
	const wchar_t *name = _wgetenv(L"STANDIN_FILE");
	FILE *f = name != NULL ? _wfopen(name, L"wb") : NULL;

	if (f == NULL)
		return 1;
	fprintf(f, "%lu\n", GetCurrentProcessId());
	fclose(f);
	Sleep(INFINITE);
	return 0;
}

/* The process that has said its number in a file; NULL: none has. */
static HANDLE wait_for_number(const wchar_t *name)
{
	for (int ms = 0; ms < WAIT_MS; ms += STEP_MS) {
		FILE *f = _wfopen(name, L"rb");
		unsigned long number = 0;
		bool whole = f != NULL && fscanf(f, "%lu\n", &number) == 1;

		if (f != NULL)
			fclose(f);
		if (whole)
			return OpenProcess(SYNCHRONIZE, FALSE, number);
		Sleep(STEP_MS);
	}
	return NULL;
}

/* The command line behind so many words, none of which has a space. */
static wchar_t *behind(wchar_t *line, int words)
{
	while (words-- > 0) {
		line += wcscspn(line, L" ");
		line += wcsspn(line, L" ");
	}
	return line;
}

static int end_parent(const wchar_t *file)
{
	STARTUPINFOW info = {.cb = sizeof(info)};
	PROCESS_INFORMATION gateway;
	HANDLE interpreter;

	if (!CreateProcessW(NULL, behind(GetCommandLineW(), 3), NULL, NULL, TRUE, 0, NULL, NULL,
			    &info, &gateway))
		return printf("no start %lu\n", GetLastError()), 1;
	interpreter = wait_for_number(file);
	if (interpreter == NULL)
		return printf("no interpreter\n"), 1;
	if (WaitForSingleObject(interpreter, 0) == WAIT_TIMEOUT)
		printf("runs\n");
	TerminateProcess(gateway.hProcess, 1);
	printf(WaitForSingleObject(interpreter, WAIT_MS) == WAIT_OBJECT_0 ? "ended\n" : "stays\n");
	return 0;
}

int wmain(int argc, wchar_t **argv); /* what -municode calls */

int wmain(int argc, wchar_t **argv)
{
	const wchar_t *what = _wgetenv(L"STANDIN");

	for (int fd = 0; fd <= 2; fd++)
		_setmode(fd, _O_BINARY);
	if (argc > 3 && wcscmp(argv[1], L"end-parent") == 0)
		return end_parent(argv[2]);
	if (what == NULL || wcscmp(what, L"dump") == 0)
		dump(argc, argv);
	else if (wcscmp(what, L"echo") == 0)
		echo();
	else if (wcsncmp(what, L"exit ", 5) == 0)
		return (int)wcstoul(what + 5, NULL, 10);
	else if (wcscmp(what, L"crash") == 0)
		crash();
	else if (wcscmp(what, L"errors") == 0)
		fprintf(stderr, "first line\r\nsecond line\r\n");
	else if (wcscmp(what, L"stay") == 0)
		return stay();
	return 0;
}
