#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve/sources.h"

static char folder[] = "/tmp/test_sources.XXXXXX";
static char app[100], module[100], extra[100];
static atomic_int changes;
static char last[100];
static struct wsgi_sources *sources;
static struct wsgi_error err;

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void given_an_application(void)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(app, sizeof(app), "%s/app.py", folder);
	snprintf(module, sizeof(module), "%s/module.py", folder);
	snprintf(extra, sizeof(extra), "%s/extra", folder);
	write_file(app, "1");
	write_file(module, "1");
	write_file(extra, "1");
	poll(NULL, 0, 60); /* more than a tick of the file system's clock */
	changes = 0;
	sources = NULL;
}

static void tear_down(void)
{
	wsgi_sources_destroy(sources);
	unlink(app);
	unlink(module);
	unlink(extra);
	rmdir(folder);
}

/* The application imports the module. */
static int list_sources(struct wsgi_loader *loader, struct wsgi_buf *out)
{
	(void)loader;
	return wsgi_buf_add(out, module, strlen(module) + 1);
}

static void on_change(void *ctx, const char *file)
{
	(void)ctx;
	snprintf(last, sizeof(last), "%s", file);
	atomic_fetch_add(&changes, 1);
}

static int when_created(void)
{
	static const char *extras[1];
	const struct wsgi_options o = {
		.application = app, .reload_extra = extras, .reload_extra_len = 1};

	extras[0] = extra;
	return wsgi_sources_create(&sources, &o, on_change, NULL, &err);
}

static void when_started(void)
{
	static struct wsgi_loader loader = {.sources = list_sources};

	ck_assert_int_eq(wsgi_sources_start(sources, &loader), 0);
}

static bool has_come(int count)
{
	for (int i = 0; i < 1000 && atomic_load(&changes) < count; i++)
		poll(NULL, 0, 10);
	return atomic_load(&changes) == count;
}

static const char *const watched[] = {app, module, extra};

START_TEST(a_change_of_each_file_is_told_each_time)
{
	ck_assert_int_eq(when_created(), 0);
	when_started();
	poll(NULL, 0, 700); /* it has looked */
	ck_assert_int_eq(changes, 0);
	write_file(watched[_i], "another");
	ck_assert(has_come(1));
	ck_assert_str_eq(last, watched[_i]);
	write_file(watched[_i], "and another one");
	ck_assert(has_come(2));
}
END_TEST

START_TEST(what_changed_while_the_application_was_loaded_has_changed)
{
	ck_assert_int_eq(when_created(), 0);
	write_file(module, "another");
	when_started();
	ck_assert(has_come(1));
	ck_assert_str_eq(last, module);
}
END_TEST

START_TEST(an_extra_file_has_to_be_there)
{
	unlink(extra);
	ck_assert_int_eq(when_created(), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, extra));
	ck_assert_ptr_null(sources);
}
END_TEST

START_TEST(it_ends_at_once_started_or_not)
{
	ck_assert_int_eq(when_created(), 0);
	wsgi_sources_destroy(sources);
	ck_assert_int_eq(when_created(), 0);
	when_started();
	wsgi_sources_destroy(sources);
	sources = NULL;
	wsgi_sources_destroy(NULL);
	ck_assert_int_eq(wsgi_sources_start(NULL, NULL), 0);
}
END_TEST

static Suite *sources_suite(void)
{
	Suite *s = suite_create("sources");
	TCase *tc = tcase_create("sources");

	tcase_add_checked_fixture(tc, given_an_application, tear_down);
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, a_change_of_each_file_is_told_each_time, 0, 3);
	tcase_add_test(tc, what_changed_while_the_application_was_loaded_has_changed);
	tcase_add_test(tc, an_extra_file_has_to_be_there);
	tcase_add_test(tc, it_ends_at_once_started_or_not);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(sources_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
