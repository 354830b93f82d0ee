#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crash.h"

static int ends[2];

static void say_last(void *ctx)
{
	ck_assert_int_eq(write(ends[1], ctx, strlen(ctx)), (ssize_t)strlen(ctx));
}

static volatile int depth;

/* Not a loop for the compiler: each call has its block. */
static int deeper(int n)
{
	volatile char block[4096];

	block[0] = (char)n;
	depth = n;
	return depth >= 0 ? deeper(n + 1) + block[0] : 0;
}

static void by_memory(void)
{
	volatile char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	page[0] = 1;
}
static void by_stack(void)
{
	deeper(0);
}
static void by_abort(void)
{
	abort();
}
static void by_division(void)
{
	raise(SIGFPE);
}
static void by_instruction(void)
{
	raise(SIGILL);
}
static void by_bus(void)
{
	raise(SIGBUS);
}
static void by_exit(void)
{
	exit(3);
}
static void by_unwatched_exit(void)
{
	wsgi_crash_watch(NULL);
	exit(4);
}
static void by_unwatched_abort(void)
{
	wsgi_crash_watch(NULL);
	abort();
}
static void own_handler(int number)
{
	_exit(number == SIGSEGV ? 5 : 6);
}
static void by_own_handler(void)
{
	signal(SIGSEGV, own_handler);
	raise(SIGSEGV);
}
static void by_quick_exit(void)
{
	_exit(7);
}
static void in_a_child(void (*crash)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		crash();
	_exit(waitpid(pid, &status, 0) == pid ? 9 : 98);
}
static void by_exit_of_a_child(void)
{
	in_a_child(by_exit);
}
static void by_abort_of_a_child(void)
{
	in_a_child(by_abort);
}
static void by_fault_in_exit(void)
{
	exit(8); /* the words are said once */
}

#define SAID(what) "prog: the application ended the process: " what "\nlast\n"

static const struct {
	void (*crash)(void);
	int signal, status;
	const char *words;
} ways[] = {
	{by_memory, SIGSEGV, 0, SAID("a fault of memory (SIGSEGV)")},
	{by_stack, SIGSEGV, 0, SAID("a fault of memory (SIGSEGV)")},
	{by_bus, SIGBUS, 0, SAID("a fault of memory (SIGBUS)")},
	{by_abort, SIGABRT, 0, SAID("abort() (SIGABRT)")},
	{by_division, SIGFPE, 0, SAID("an impossible division (SIGFPE)")},
	{by_instruction, SIGILL, 0, SAID("an instruction that there is not (SIGILL)")},
	{by_exit, 0, 3, SAID("it called exit()")},
	{by_fault_in_exit, 0, 8, SAID("it called exit()")},
	{by_unwatched_exit, 0, 4, ""},
	{by_unwatched_abort, SIGABRT, 0, ""},
	{by_own_handler, 0, 5, ""},
	{by_quick_exit, 0, 7, ""},
	{by_exit_of_a_child, 0, 9, ""},
	{by_abort_of_a_child, 0, 9, ""},
};
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

static void child(void (*crash)(void))
{
	static char last[] = "last\n";
	const struct rlimit no_core = {0};
	const struct wsgi_crash watch = {
		.log = {.fd = ends[1], .program = "prog"},
		.last = say_last,
		.ctx = last,
	};

	setrlimit(RLIMIT_CORE, &no_core);
	for (size_t i = 0; i < WAYS; i++) /* as in a process that no sanitizer watches */
		if (ways[i].signal != 0)
			signal(ways[i].signal, SIG_DFL);
	wsgi_crash_watch(&watch);
	crash();
	_exit(99);
}

static void check_words(void (*crash)(void), const char *words, int by_signal, int exit_status)
{
	char said[512] = "";
	size_t len = 0;
	ssize_t n;
	int status;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0)
		child(crash);
	close(ends[1]);
	while ((n = read(ends[0], said + len, sizeof(said) - 1 - len)) > 0)
		len += (size_t)n;
	close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_str_eq(said, words);
	ck_assert_int_eq(WIFSIGNALED(status) ? WTERMSIG(status) : 0, by_signal);
	if (by_signal == 0)
		ck_assert_int_eq(WEXITSTATUS(status), exit_status);
}

START_TEST(its_last_words_say_what_happened)
{
	check_words(ways[_i].crash, ways[_i].words, ways[_i].signal, ways[_i].status);
}
END_TEST

static void *fault(void *arg)
{
	by_memory();
	return arg;
}

/* No thread's end cuts off the words of another. */
static void by_threads(void)
{
	pthread_t threads[8];

	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, fault, NULL);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
}

START_TEST(of_threads_that_crash_at_once_one_says_all_of_it)
{
	for (int i = 0; i < 100; i++)
		check_words(by_threads, SAID("a fault of memory (SIGSEGV)"), SIGSEGV, 0);
}
END_TEST

static void wait_for_ever(void *ctx)
{
	(void)ctx;
	for (;;)
		pause();
}

static void ignore(int number)
{
	(void)number;
}

/* The heap's lock may be held by the very thread that is here. */
START_TEST(words_that_cannot_be_said_hold_up_the_end_for_seconds_only)
{
	const struct wsgi_crash watch = {.log = {.fd = -1}, .last = wait_for_ever};
	const struct rlimit no_core = {0};
	const pid_t pid = fork();
	sigset_t all;
	int status;

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		wsgi_crash_watch(&watch);
		signal(SIGALRM, ignore);
		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, NULL);
		abort();
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("crash");
	TCase *tc = tcase_create("crash");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, words_that_cannot_be_said_hold_up_the_end_for_seconds_only);
	tcase_add_test(tc, of_threads_that_crash_at_once_one_says_all_of_it);
	tcase_add_loop_test(tc, its_last_words_say_what_happened, 0, WAYS);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
