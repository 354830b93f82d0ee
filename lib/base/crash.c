#include "base/crash.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

static const struct wsgi_crash *volatile watched;

static const struct {
	int number;
	const char *words;
} signals[] = {
	{SIGSEGV, "a fault of memory (SIGSEGV)"},
	{SIGBUS, "a fault of memory (SIGBUS)"},
	{SIGFPE, "an impossible division (SIGFPE)"},
	{SIGILL, "an instruction that there is not (SIGILL)"},
	{SIGABRT, "abort() (SIGABRT)"},
};
enum { SIGNALS = sizeof(signals) / sizeof(signals[0]), STACK = 64 * 1024 };

/* Where the stack is what overflowed. */
static char stack[STACK];

static void say(const char *what)
{
	const struct wsgi_crash *crash = watched;

	watched = NULL; /* these words come once, whatever happens while they are said */
	if (crash == NULL)
		return;
	wsgi_log(&crash->log, WSGI_LOG_ERROR, "the application ended the process: %s", what);
	crash->last(crash->ctx);
}

/* The signal is then again as it was, and comes once more: that ends the process. */
static void on_signal(int number)
{
	for (size_t i = 0; i < SIGNALS; i++)
		if (signals[i].number == number)
			say(signals[i].words);
	raise(number);
}

static void at_exit(void)
{
	say("it called exit()");
}

static void handle(int number)
{
	const struct sigaction action = {
		.sa_handler = on_signal,
		.sa_flags = (int)(SA_ONSTACK | SA_RESETHAND),
	};
	struct sigaction before;

	if (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_DFL)
		sigaction(number, &action, NULL);
}

static void give_back(int number)
{
	struct sigaction now;

	if (sigaction(number, NULL, &now) == 0 && now.sa_handler == on_signal)
		signal(number, SIG_DFL);
}

void wsgi_crash_watch(const struct wsgi_crash *crash)
{
	const stack_t other = {.ss_sp = stack, .ss_size = sizeof(stack)};
	static bool registered;

	watched = crash;
	if (crash != NULL && !registered)
		registered = atexit(at_exit) == 0;
	if (crash != NULL)
		sigaltstack(&other, NULL);
	for (size_t i = 0; i < SIGNALS; i++)
		crash != NULL ? handle(signals[i].number) : give_back(signals[i].number);
}
