#include "base/crash.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const struct wsgi_crash *volatile watched;
static atomic_int speaker; /* the thread that says the words; 0: none */
static pid_t process; /* whose words they are: no child's that it forks, which has nothing to say */

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

enum { LONGEST = 3 }; /* seconds for the words */

/* Where the stack is what overflowed. */
static char stack[STACK];

static void say(const char *what)
{
	const struct wsgi_crash *crash = watched;

	if (getpid() != process)
		return;
	watched = NULL; /* these words come once, whatever happens while they are said */
	if (crash == NULL)
		return;
	wsgi_log(&crash->log, WSGI_LOG_ERROR, "the application ended the process: %s", what);
	crash->last(crash->ctx);
}

/* The thread that died may hold a lock that the words want: then they end as the process does. */
static void limit_time(void)
{
	sigset_t alarms;

	signal(SIGALRM, SIG_DFL);
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
	alarm(LONGEST);
}

/* Other threads that die meanwhile wait; one that dies of its own words does not. */
static void wait_for_speaker(void)
{
	const int me = (int)gettid();
	int other = 0;

	if (!atomic_compare_exchange_strong(&speaker, &other, me) && other != me)
		sleep(LONGEST);
}

/* The signal is then again as it was, and comes once more: that ends the process. */
static void on_signal(int number)
{
	wait_for_speaker();
	limit_time();
	for (size_t i = 0; i < SIGNALS; i++)
		if (signals[i].number == number)
			say(signals[i].words);
	signal(number, SIG_DFL);
	raise(number);
}

static void at_exit(void)
{
	say("it called exit()");
}

static void handle(int number)
{
	const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
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
	process = getpid();
	if (crash != NULL && crash->log.program == NULL)
		tzset(); /* a line with a time: to read the zone's file later would allocate */
	if (crash != NULL && !registered)
		registered = atexit(at_exit) == 0;
	if (crash != NULL)
		sigaltstack(&other, NULL);
	for (size_t i = 0; i < SIGNALS; i++)
		crash != NULL ? handle(signals[i].number) : give_back(signals[i].number);
}
