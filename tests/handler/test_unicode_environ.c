#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../base/memory.h"
#include "handler/unicode_environ.h"
#include "page.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

enum { ENTRIES = 8 };

static struct wsgi_environ env;

static void given_an_environ(void)
{
	wsgi_environ_init(&env);
}

static void tear_down(void)
{
	wsgi_environ_finish(&env);
}

/* What is in env: "A=1|B=2". */
static const char *contents(void)
{
	static char text[800];
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < env.len; i++) {
		struct wsgi_span name, value;

		wsgi_environ_at(&env, i, &name, &value);
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%.*s=%.*s", i ? "|" : "",
				       (int)name.len, name.data, (int)value.len, value.data);
	}
	return text;
}

/* A block of copies, which the environ must not need afterwards. */
static int read_copies(const char *const *entries)
{
	char *block[ENTRIES + 1] = {0};
	size_t n = 0;
	int rc;

	for (; entries[n] != NULL; n++)
		block[n] = strdup(entries[n]);
	rc = wsgi_read_unicode_environ(&env, block, &page);
	while (n > 0)
		free(block[--n]);
	return rc;
}

static const char *when_read(const char *const *entries)
{
	ck_assert_int_eq(read_copies(entries), 0);
	return contents();
}

#define IIS "SERVER_SOFTWARE=Microsoft-IIS/10.0"
#define APACHE "SERVER_SOFTWARE=Apache/2.4"

static const struct {
	const char *claim;
	const char *entries[ENTRIES];
	const char *expected;
} rows[] = {
	{"nothing", {NULL}, ""},
	{"in order", {"B=2", "A=1"}, "B=2|A=1"},
	{"without '=' it is no variable", {"JUNK", "A=1", ""}, "A=1"},
	{"an empty value", {"A=", "PATH_INFO="}, "A=|PATH_INFO="},
	{"more than one '='", {"A=b=c=", "B=="}, "A=b=c=|B=="},
	{"a drive's folder is passed over", {"=C:=C:\\x", "=ExitCode=0", "A=1", "==", "="}, "A=1"},
	{"names are in upper case", {"Path=C:\\x", "path_info=/"}, "PATH=C:\\x|PATH_INFO=/"},
	{"letters of the page too", {"\xc3\xa9\xc3\x9f=1"}, "\xc3\x89\xc3\x9f=1"},
	{"the first of two counts", {"A=1", "B=2", "A=3"}, "A=1|B=2"},
	{"in whatever case", {"Path=1", "B=2", "PATH=3", "path=4"}, "PATH=1|B=2"},
	{"a value keeps its case", {"A=Value"}, "A=Value"},
	{"IIS", {IIS, "PATH_INFO=/\xc3\xa9"}, IIS "|PATH_INFO=/\xc3\xa9"},
	{"Apache", {APACHE, "PATH_INFO=/\xc3\xa9"}, APACHE "|PATH_INFO=/\xe9"},
	{"it may stand last", {"PATH_INFO=/\xc3\xa9", APACHE}, "PATH_INFO=/\xe9|" APACHE},
	{"no server: the page", {"PATH_INFO=/\xe2\x82\xac"}, "PATH_INFO=/\x80"},
	{"an empty one", {"SERVER_SOFTWARE=", "HTTPS=\xe2\x82\xac"}, "SERVER_SOFTWARE=|HTTPS=\x80"},
	{"in whatever letters",
	 {"server_Software=Apache/2", "HTTPS=\xc3\xa9"},
	 "SERVER_SOFTWARE=Apache/2|HTTPS=\xe9"},
	{"the first of two servers",
	 {"server_software=Apache/2", IIS, "HTTPS=\xc3\xa9"},
	 "SERVER_SOFTWARE=Apache/2|HTTPS=\xe9"},
	{"not by another name",
	 {"XSERVER_SOFTWARE=Apache/2", "SERVER_SOFTWAR=Apache/2", "HTTPS=\xc3\xa9\xc4\x80"},
	 "XSERVER_SOFTWARE=Apache/2|SERVER_SOFTWAR=Apache/2|HTTPS=\xe9?"},
	{"what is not the request's is text",
	 {APACHE, "HOME=\xc3\xa9", "PATH_TRANSLATED=C:\\\xc3\xa9", "DOCUMENT_ROOT=\xe6\x97\xa5"},
	 APACHE "|HOME=\xc3\xa9|PATH_TRANSLATED=C:\\\xc3\xa9|DOCUMENT_ROOT=\xe6\x97\xa5"},
	{"whatever unit is in it",
	 {"HOME=\xed\xa0\xbd", "\xed\xa0\xbd=1"},
	 "HOME=\xed\xa0\xbd|\xed\xa0\xbd=1"},
	{"what is, is so in any letters",
	 {APACHE, "Http_Cookie=\xc3\xa9", "redirect_ssl_x=\xc3\xa9", "Remote_User=\xc3\xa9"},
	 APACHE "|HTTP_COOKIE=\xe9|REDIRECT_SSL_X=\xe9|REMOTE_USER=\xe9"},
	{"no Apache's bytes",
	 {APACHE, "PATH_INFO=/\xc3\xa9\xe6\x97\xa5"},
	 APACHE "|PATH_INFO=/\xc3\xa9\xe6\x97\xa5"},
	{"one variable's bytes are not the next one's",
	 {APACHE, "HTTP_A=long\xc3\xa9", "HTTP_B=\xc3\xa9", "HTTP_C=", "X=y"},
	 APACHE "|HTTP_A=long\xe9|HTTP_B=\xe9|HTTP_C=|X=y"},
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

START_TEST(an_older_variable_stays)
{
	static const char *const entries[] = {"a=1", "B=2", NULL};

	wsgi_environ_set(&env, "A", "0");
	ck_assert_str_eq(when_read(entries), "A=0|B=2");
}
END_TEST

START_TEST(values_and_names_may_be_long)
{
	enum { LONG = 300000 };
	static char entry[2 * LONG + 2];
	char *block[] = {entry, NULL};
	struct wsgi_span name, value;

	memset(entry, 'a', sizeof(entry) - 1);
	memcpy(entry, "HTTP_", 5);
	entry[LONG] = '=';
	ck_assert_int_eq(wsgi_read_unicode_environ(&env, block, &page), 0);
	ck_assert_uint_eq(env.len, 1);
	wsgi_environ_at(&env, 0, &name, &value);
	ck_assert_uint_eq(name.len, LONG);
	ck_assert_int_eq(name.data[LONG - 1], 'A');
	ck_assert_uint_eq(value.len, LONG);
	ck_assert_int_eq(value.data[LONG - 1], 'a');
}
END_TEST

static const struct {
	const char *software, *text, *expected;
	bool is_unicode;
} apart[] = {
	{"Microsoft-IIS/10.0", "h\xc3\xa9", "h\xc3\xa9", true},
	{"Apache/2.4", "h\xc3\xa9", "h\xe9", true},
	{"other", "h\xc3\xa9\xe6\x97\xa5", "h\xe9\x93\xfa", true},
	{NULL, "h\xc3\xa9", "h\xe9", true},
	{"Apache/2.4", "", "", true},
	{"Apache/2.4", "h\xc3\xa9", "h\xc3\xa9", false},
	{NULL, "", "", false},
};

START_TEST(a_variable_that_was_kept_out_is_as_in_the_block)
{
	const struct wsgi_codepage *codepage = apart[_i].is_unicode ? &page : NULL;

	if (apart[_i].software != NULL)
		wsgi_environ_set(&env, "SERVER_SOFTWARE", apart[_i].software);
	ck_assert_int_eq(wsgi_set_request_variable(&env, "HTTP_A", apart[_i].text, codepage), 0);
	ck_assert_str_eq(wsgi_environ_get(&env, "HTTP_A"), apart[_i].expected);
}
END_TEST

START_TEST(it_fails_without_memory_and_leaves_nothing_behind)
{
	char software[] = "Server_Software=Apache/2", info[] = "PATH_INFO=\xc3\xa9",
	     home[] = "Home=1";
	char *block[] = {software, info, home, NULL};
	const long held = memory_held();
	long allocations = 0;
	int rc;

	for (;; allocations++) {
		memory_left(allocations);
		rc = wsgi_read_unicode_environ(&env, block, &page);
		memory_left(MEMORY_ENOUGH);
		if (rc == 0)
			break;
		ck_assert_int_eq(rc, -ENOMEM);
		wsgi_environ_finish(&env);
		ck_assert_int_eq(memory_held(), held);
	}
	ck_assert_str_eq(contents(), "SERVER_SOFTWARE=Apache/2|PATH_INFO=\xe9|HOME=1");
}
END_TEST

static int encode_nothing(const struct wsgi_codepage *p, struct wsgi_span text,
			  struct wsgi_buf *out)
{
	(void)p, (void)text, (void)out;
	return -ENOMEM;
}

static int upper_no_b(const struct wsgi_codepage *p, struct wsgi_span text, struct wsgi_buf *out)
{
	return wsgi_span_is(text, "B") ? -ENOMEM : page_upper(p, text, out);
}

START_TEST(what_fails_for_one_variable_fails)
{
	static const struct wsgi_codepage failing = {.encode = encode_nothing, .upper = upper_no_b};
	static const char *const blocks[][ENTRIES] = {{"B=2", "A=1"}, {"PATH_INFO=/", "A=1"}};
	char copies[2][20], *block[] = {copies[0], copies[1], NULL};

	for (int i = 0; i < 2; i++)
		strcpy(copies[i], blocks[_i][i]);
	ck_assert_int_eq(wsgi_read_unicode_environ(&env, block, &failing), -ENOMEM);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("unicode_environ");
	TCase *tc = tcase_create("unicode_environ");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_an_environ, tear_down);
	tcase_add_loop_test(tc, the_block_becomes_an_environ, 0, LEN(rows));
	tcase_add_test(tc, what_was_read_is_known_to_come_from_a_process);
	tcase_add_test(tc, an_older_variable_stays);
	tcase_add_test(tc, values_and_names_may_be_long);
	tcase_add_loop_test(tc, a_variable_that_was_kept_out_is_as_in_the_block, 0, LEN(apart));
	tcase_add_test(tc, it_fails_without_memory_and_leaves_nothing_behind);
	tcase_add_loop_test(tc, what_fails_for_one_variable_fails, 0, 2);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
