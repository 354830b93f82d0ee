/* crash on Windows: what no handler of the application took is said with its place. */
#include "base/crash.h"

#include <signal.h>
#include <stdbool.h>
#include <windows.h>

#include "base/path.h"
#include "base/wtf8.h"

static const struct wsgi_crash *volatile watched;

static const struct {
	DWORD code;
	const char *words;
} exceptions[] = {
	{EXCEPTION_ACCESS_VIOLATION, "a fault of memory (access violation)"},
	{EXCEPTION_IN_PAGE_ERROR, "a fault of memory (in-page error)"},
	{EXCEPTION_STACK_OVERFLOW, "a fault of memory (stack overflow)"},
	{EXCEPTION_INT_DIVIDE_BY_ZERO, "an impossible division (by zero)"},
	{EXCEPTION_INT_OVERFLOW, "an impossible division (overflow)"},
	{EXCEPTION_ILLEGAL_INSTRUCTION, "an instruction that there is not"},
	{EXCEPTION_BREAKPOINT, "a breakpoint"},
};

enum { ROOM = 32 * 1024 }; /* of the stack, for last words on its overflow */

static void say(const char *what, const char *where)
{
	const struct wsgi_crash *crash = watched;

	watched = NULL; /* these words come once, whatever happens while they are said */
	if (crash == NULL)
		return;
	wsgi_log(&crash->log, WSGI_LOG_ERROR, "the application ended the process: %s%s", what,
		 where);
	crash->last(crash->ctx);
}

/* " at app.dll+0x1234": what a debugger or addr2line wants to know. Nothing is allocated. */
static void name_place(const void *address, char *text, size_t size)
{
	wchar_t wide[512];
	char path[sizeof(wide)];
	HMODULE module;
	DWORD len;

	text[0] = '\0';
	if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
					GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
				address, &module))
		return;
	len = GetModuleFileNameW(module, wide, sizeof(wide) / sizeof(wide[0]));
	len = (DWORD)WideCharToMultiByte(CP_UTF8, 0, wide, (int)len, path, sizeof(path) - 1, NULL,
					 NULL);
	path[len] = '\0';
	snprintf(text, size, " at %s+0x%llx", wsgi_path_last(path),
		 (unsigned long long)((const char *)address - (const char *)module));
}

static LONG WINAPI on_exception(EXCEPTION_POINTERS *e)
{
	const EXCEPTION_RECORD *record = e->ExceptionRecord;
	char where[300], number[40];
	const char *what = number;

	snprintf(number, sizeof(number), "exception 0x%08lx", record->ExceptionCode);
	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
		if (exceptions[i].code == record->ExceptionCode)
			what = exceptions[i].words;
	name_place(record->ExceptionAddress, where, sizeof(where));
	say(what, where);
	TerminateProcess(GetCurrentProcess(), record->ExceptionCode);
	return EXCEPTION_EXECUTE_HANDLER;
}

static void on_abort(int number)
{
	(void)number;
	say("abort()", "");
	TerminateProcess(GetCurrentProcess(), 3); /* as abort() does, without its window */
}

static void at_exit(void)
{
	say("it called exit()", "");
}

void wsgi_crash_watch(const struct wsgi_crash *crash)
{
	static bool registered;
	ULONG room = ROOM;

	watched = crash;
	if (crash != NULL && !registered) {
		registered = atexit(at_exit) == 0;
		SetThreadStackGuarantee(&room);
	}
	SetUnhandledExceptionFilter(crash != NULL ? on_exception : NULL);
	signal(SIGABRT, crash != NULL ? on_abort : SIG_DFL);
}
