#include <check.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/forked.h"

struct calls {
	int before, after, child;
};

static struct calls calls;

static void before(void *ctx)
{
	((struct calls *)ctx)->before++;
}

static void after(void *ctx)
{
	((struct calls *)ctx)->after++;
}

static void child(void *ctx)
{
	((struct calls *)ctx)->child++;
}

static const struct wsgi_forked_ops all = {.before = before, .after = after, .child = child};

/* What a forked child finds: 10 for wsgi_forked(), 1 for a call of child(). */
static int found_by_child(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit((wsgi_forked() ? 10 : 0) + calls.child);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void nobody_watches(void)
{
	calls = (struct calls){0};
	wsgi_forked_watch(NULL, NULL);
}

START_TEST(a_child_is_told_that_it_is_one)
{
	ck_assert_int_eq(wsgi_forked_watch(&all, &calls), 0);
	ck_assert_int_eq(found_by_child(), 11);
}
END_TEST

START_TEST(the_parent_is_asked_before_and_told_after)
{
	ck_assert_int_eq(wsgi_forked_watch(&all, &calls), 0);
	found_by_child();
	ck_assert_int_eq(calls.before, 1);
	ck_assert_int_eq(calls.after, 1);
	ck_assert_int_eq(calls.child, 0);
	ck_assert(!wsgi_forked());
}
END_TEST

START_TEST(nothing_is_called_when_nobody_watches_any_more)
{
	ck_assert_int_eq(wsgi_forked_watch(&all, &calls), 0);
	nobody_watches();
	ck_assert_int_eq(found_by_child(), 0);
	ck_assert_int_eq(calls.before, 0);
}
END_TEST

START_TEST(each_of_the_calls_may_be_left_out)
{
	static const struct wsgi_forked_ops none = {0};

	ck_assert_int_eq(wsgi_forked_watch(&none, NULL), 0);
	ck_assert_int_eq(found_by_child(), 10);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("forked");
	TCase *tc = tcase_create("fork");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, nobody_watches, nobody_watches);
	tcase_add_test(tc, a_child_is_told_that_it_is_one);
	tcase_add_test(tc, the_parent_is_asked_before_and_told_after);
	tcase_add_test(tc, nothing_is_called_when_nobody_watches_any_more);
	tcase_add_test(tc, each_of_the_calls_may_be_left_out);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
