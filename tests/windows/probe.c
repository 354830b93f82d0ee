/*
 * probe - a CGI program that says what it was started with: the launcher's own test.
 *
 * What it does is its first word. "dump" (or none): the code page, and as UTF-16 units in hex the
 * command line, its words, the working directory and the environment, an entry a line; then, in
 * hex, all of the body. "both N": N bytes to standard output and to standard error, then as many of
 * the body as come. "exit N". "stay": ends never. "child": starts itself to stay, and ends.
 * "pipes": how many of its handles are pipes.
 */
#include <windows.h>

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static void say_text(const char *label, const wchar_t *text)
{
	printf("%s ", label);
	for (; *text != 0; text++)
		printf("%04x", (unsigned)*text);
	printf("\n");
}

static void dump(int argc, wchar_t **argv)
{
	wchar_t folder[2048] = L"";
	wchar_t *block = GetEnvironmentStringsW();
	int c;

	printf("codepage %u\n", GetACP());
	say_text("line", GetCommandLineW());
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

static void both(unsigned long long n)
{
	static char block[65536];
	unsigned long long read = 0;
	size_t got;

	memset(block, 'x', sizeof(block));
	for (unsigned long long left = n; left > 0;) {
		size_t part = left < sizeof(block) ? (size_t)left : sizeof(block);

		fwrite(block, 1, part, stderr);
		fwrite(block, 1, part, stdout);
		left -= part;
	}
	while ((got = fread(block, 1, sizeof(block), stdin)) > 0)
		read += got;
	printf("%llu", read);
}

static void start_child(wchar_t *self)
{
	wchar_t line[2048];
	STARTUPINFOW info = {.cb = sizeof(info)};
	PROCESS_INFORMATION started;

	swprintf(line, 2048, L"\"%ls\" stay", self);
	if (CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &info, &started))
		printf("started\n");
}

static void count_pipes(void)
{
	int n = 0;

	for (uintptr_t handle = 4; handle < 4096; handle += 4)
		n += GetFileType((HANDLE)handle) == FILE_TYPE_PIPE;
	printf("%d", n);
}

int wmain(int argc, wchar_t **argv); /* what -municode calls */

int wmain(int argc, wchar_t **argv)
{
	const wchar_t *word = argc > 1 ? argv[1] : L"dump";
	unsigned long long number = argc > 2 ? wcstoull(argv[2], NULL, 10) : 0;

	_setmode(0, _O_BINARY);
	_setmode(1, _O_BINARY);
	_setmode(2, _O_BINARY);
	if (wcscmp(word, L"both") == 0)
		both(number);
	else if (wcscmp(word, L"exit") == 0)
		return (int)number;
	else if (wcscmp(word, L"stay") == 0)
		Sleep(INFINITE);
	else if (wcscmp(word, L"child") == 0)
		start_child(argv[0]);
	else if (wcscmp(word, L"pipes") == 0)
		count_pipes();
	else
		dump(argc, argv);
	return 0;
}
