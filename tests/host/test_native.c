#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/native.h"

static struct wsgi_error err;
static struct wsgi_app *app;

/* tests/apps is built into BUILD/apps, this program into BUILD/tests/host. */
static void given_the_applications_of_the_build(void)
{
	char own[4096];
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

	ck_assert_int_gt(n, 0);
	own[n] = '\0';
	*strrchr(own, '/') = '\0';
	ck_assert_int_eq(chdir(own), 0);
	ck_assert_int_eq(chdir("../../apps"), 0);
	app = NULL;
	err = (struct wsgi_error){0};
}

static int when_loaded(const char *spec)
{
	struct wsgi_loader *loader = wsgi_native_loader();

	return loader->load(loader, spec, &app, &err);
}

static const char *const good[] = {"demo", "hello.so", "./hello.so", "hello.so:application",
				   "../apps/hello.so:application"};

START_TEST(an_application_is_loaded)
{
	ck_assert_msg(when_loaded(good[_i]) == 0, "%s: %s", good[_i], err.text);
	ck_assert_ptr_nonnull(app);
	ck_assert(app->call != NULL);
}
END_TEST

static const struct {
	const char *spec;
	int rc;
	const char *words;
} bad[] = {
	{"none.so", -ENOENT, "./none.so: No such file or directory"},
	{"/nonexistent/none.so:app", -ENOENT, "/nonexistent/none.so: No such file or directory"},
	/* dlopen() would find it: a name without a slash is not the system's library. */
	{"libc.so", -ENOENT, "./libc.so: No such file or directory"},
	{"hello.so:hi", -EPROTO,
	 "no symbol 'hi' in ./hello.so: an application in C exports a struct wsgi_app of that "
	 "name"},
	{"hello.py", -EINVAL, "'hello.py' is no application in C: it does not end in .so"},
	{"hello.so:", -EINVAL, "'hello.so:': a part of the C symbol is empty"},
};

START_TEST(what_cannot_be_loaded_is_said_in_words)
{
	ck_assert_int_eq(when_loaded(bad[_i].spec), bad[_i].rc);
	ck_assert_str_eq(err.text, bad[_i].words);
}
END_TEST

static const struct {
	const char *spec, *files; /* the latter with ' ' for each NUL */
} consisting[] = {
	{"hello.so", "./hello.so "},
	{"../apps/hello.so:application", "../apps/hello.so "},
	{"hello.so:hi", "./hello.so "},
	{"none.so", "./none.so "},
	{"demo", ""},
	{"hello.py", ""},
};

START_TEST(its_file_is_known_whether_it_could_be_loaded_or_not)
{
	struct wsgi_loader *loader = wsgi_native_loader();
	struct wsgi_buf out = {0};

	when_loaded(consisting[_i].spec);
	ck_assert_int_eq(loader->sources(loader, &out), 0);
	for (size_t i = 0; i < out.len; i++)
		if (out.data[i] == '\0')
			out.data[i] = ' ';
	ck_assert_int_eq(wsgi_buf_add(&out, "", 1), 0);
	ck_assert_str_eq(out.data, consisting[_i].files);
	wsgi_buf_finish(&out);
}
END_TEST

START_TEST(a_file_that_is_no_library_is_said_in_words)
{
	char name[] = "/tmp/test_native.XXXXXX.so";
	int fd = mkstemps(name, 3);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "text\n", 5), 5);
	close(fd);
	ck_assert_int_eq(when_loaded(name), -EPROTO);
	unlink(name);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot load /tmp/test_native."));
	ck_assert_ptr_nonnull(strstr(err.text, "file too short"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("native");
	TCase *tc = tcase_create("load");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_the_applications_of_the_build, NULL);
	tcase_add_loop_test(tc, an_application_is_loaded, 0, (int)(sizeof(good) / sizeof(good[0])));
	tcase_add_loop_test(tc, what_cannot_be_loaded_is_said_in_words, 0,
			    (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_loop_test(tc, its_file_is_known_whether_it_could_be_loaded_or_not, 0,
			    (int)(sizeof(consisting) / sizeof(consisting[0])));
	tcase_add_test(tc, a_file_that_is_no_library_is_said_in_words);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
