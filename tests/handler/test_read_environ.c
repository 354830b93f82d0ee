#include <check.h>
#include <stdio.h>
#include <string.h>

#include "handler/read_environ.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_environ env;

static void given_an_environ(void)
{
	wsgi_environ_init(&env);
}

static void tear_down(void)
{
	wsgi_environ_finish(&env);
}

/* Read a block of entries, up to the first NULL, and write what came of it: "A=1|B=2". */
static const char *when_read(const char *const *entries)
{
	static char copies[8][100], text[800];
	char *block[9] = {0};
	size_t at = 0;

	for (int i = 0; entries[i] != NULL; i++)
		block[i] = strcpy(copies[i], entries[i]);
	ck_assert_int_eq(wsgi_read_environ(&env, block), 0);
	text[0] = '\0';
	for (size_t i = 0; i < env.len; i++) {
		struct wsgi_span name, value;

		wsgi_environ_at(&env, i, &name, &value);
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%.*s=%.*s", i ? "|" : "",
				       (int)name.len, name.data, (int)value.len, value.data);
	}
	return text;
}

static const struct {
	const char *claim;
	const char *entries[8];
	const char *expected;
} rows[] = {
	{"nothing", {NULL}, ""},
	{"in order", {"B=2", "A=1"}, "B=2|A=1"},
	{"the first of two counts", {"A=1", "B=2", "A=3"}, "A=1|B=2"},
	{"without '=' it is no variable", {"JUNK", "A=1", ""}, "A=1"},
	{"an empty value", {"A="}, "A="},
	{"more than one '='", {"A=b=c=", "B=="}, "A=b=c=|B=="},
	{"an empty name", {"=v", "A=1"}, "=v|A=1"},
	{"the first empty name counts", {"=C:=C:\\", "=D:=D:\\"}, "=C:=C:\\"},
	{"only '='", {"="}, "="},
	{"names are bytes", {"a=1", "A=2", "\xe9=3", "x y=4"}, "a=1|A=2|\xe9=3|x y=4"},
	{"values are bytes", {"A=\xc3\xa9\xff\n\t\x01"}, "A=\xc3\xa9\xff\n\t\x01"},
};

START_TEST(the_block_becomes_an_environ)
{
	const char *text = when_read(rows[_i].entries);

	ck_assert_msg(strcmp(text, rows[_i].expected) == 0, "%s: %s", rows[_i].claim, text);
}
END_TEST

START_TEST(what_was_read_is_known_to_come_from_a_process)
{
	static const char *const nothing[] = {NULL};

	ck_assert(!env.from_process);
	when_read(nothing);
	ck_assert(env.from_process);
}
END_TEST

START_TEST(the_block_is_borrowed)
{
	char entry[] = "A=1", *block[] = {entry, NULL};

	ck_assert_int_eq(wsgi_read_environ(&env, block), 0);
	ck_assert_ptr_eq(wsgi_environ_get(&env, "A"), entry + 2);
}
END_TEST

START_TEST(an_older_variable_stays)
{
	static const char *const entries[] = {"A=1", "B=2", NULL};

	wsgi_environ_set(&env, "A", "0");
	ck_assert_str_eq(when_read(entries), "A=0|B=2");
}
END_TEST

static const struct {
	const char *name;
	bool transcoded;
} names[] = {
	{"SCRIPT_NAME", true},
	{"PATH_INFO", true},
	{"QUERY_STRING", true},
	{"REQUEST_METHOD", true},
	{"AUTH_TYPE", true},
	{"CONTENT_TYPE", true},
	{"CONTENT_LENGTH", true},
	{"HTTPS", true},
	{"REMOTE_USER", true},
	{"REMOTE_IDENT", true},
	{"HTTP_", true},
	{"HTTP_ACCEPT", true},
	{"SSL_CLIENT_S_DN", true},
	{"REDIRECT_QUERY_STRING", true},
	{"REDIRECT_REDIRECT_HTTP_A", true},
	{"REDIRECT_SSL_X", true},
	{"REDIRECT_URL", false},
	{"REDIRECT_", false},
	{"REQUEST_URI", false},
	{"SERVER_NAME", false},
	{"PATH_TRANSLATED", false},
	{"PATH_INFO2", false},
	{"path_info", false},
	{"HTTP", false},
	{"XHTTP_A", false},
	{"", false},
};

START_TEST(which_variables_are_the_requests)
{
	ck_assert_msg(wsgi_needs_transcode(wsgi_span_of(names[_i].name)) == names[_i].transcoded,
		      "%s", names[_i].name);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("read_environ");
	TCase *tc = tcase_create("read_environ");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_an_environ, tear_down);
	tcase_add_loop_test(tc, the_block_becomes_an_environ, 0, LEN(rows));
	tcase_add_test(tc, what_was_read_is_known_to_come_from_a_process);
	tcase_add_test(tc, the_block_is_borrowed);
	tcase_add_test(tc, an_older_variable_stays);
	tcase_add_loop_test(tc, which_variables_are_the_requests, 0, LEN(names));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
