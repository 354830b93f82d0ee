/* crash on Windows: what no handler of the application took is said with its place. */
#include "base/crash.h"

#include <signal.h>
#include <stdbool.h>
#include <windows.h>

#include "base/path.h"
#include "base/wtf8.h"

static const struct wsgi_crash *volatile watched;
static volatile LONG speaker; /* the thread that says the last words; 0: none does */

/* What was asked before us: mingw's own, which calls the handlers of signal(). */
static LPTOP_LEVEL_EXCEPTION_FILTER before;

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
enum { WAIT_MS = 2000 };   /* for those of another thread */

/* The words come once, whatever happens while they are said, and no other thread cuts them off. */
static void say(const char *what, const char *where)
{
	const LONG me = (LONG)GetCurrentThreadId();
	const LONG other = InterlockedCompareExchange(&speaker, me, 0);
	const struct wsgi_crash *crash = watched;

	if (other != 0 && other != me)
		Sleep(WAIT_MS);
	if (other != 0)
		return;
	if (crash == NULL) {
		speaker = 0;
		return;
	}
	wsgi_log(&crash->log, WSGI_LOG_ERROR, "the application ended the process: %s%s", what,
		 where);
	crash->last(crash->ctx);
}

/* " at app.dll+0x1234": what a debugger or addr2line wants to know. Nothing is allocated. */
static void name_place(const void *address, char *text, size_t size)
{
	wchar_t wide[512];
	char path[3 * sizeof(wide) / sizeof(wide[0]) + 1];
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

static void report(const EXCEPTION_RECORD *record)
{
	char where[300], number[40];
	const char *what = number;

	snprintf(number, sizeof(number), "exception 0x%08lx", record->ExceptionCode);
	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
		if (exceptions[i].code == record->ExceptionCode)
			what = exceptions[i].words;
	name_place(record->ExceptionAddress, where, sizeof(where));
	say(what, where);
}

static LONG WINAPI on_exception(EXCEPTION_POINTERS *e)
{
	const LONG taken = before != NULL ? before(e) : EXCEPTION_CONTINUE_SEARCH;

	if (taken != EXCEPTION_CONTINUE_SEARCH)
		return taken;
	report(e->ExceptionRecord);
	TerminateProcess(GetCurrentProcess(), e->ExceptionRecord->ExceptionCode);
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

/* What was asked for exceptions before us is asked again; what somebody has set since, stays. */
static void take_exceptions(bool take)
{
	LPTOP_LEVEL_EXCEPTION_FILTER was =
		SetUnhandledExceptionFilter(take ? on_exception : before);

	if (take && was != on_exception)
		before = was;
	else if (!take && was != on_exception)
		SetUnhandledExceptionFilter(was);
}

static void take_abort(bool take)
{
	void (*was)(int) = signal(SIGABRT, take ? on_abort : SIG_DFL);

	if (was != SIG_DFL && was != on_abort && was != SIG_ERR)
		signal(SIGABRT, was);
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
	take_exceptions(crash != NULL);
	take_abort(crash != NULL);
}
