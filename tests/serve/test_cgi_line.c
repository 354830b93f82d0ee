#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "serve/cgi_line.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

enum { MAX_WORDS = 16 };

/* Who started the program. */
enum start {
	SHELL,  /* a person or a wrapper: AT_EXECFN is the program */
	SCRIPT, /* the kernel, for the #! line of ./app.py */
	SERVER, /* the web server itself, with SCRIPT_FILENAME the program */
};

static const struct {
	const char *claim;
	enum start start;
	bool is_cgi;
	const char *query, *line, *kept, *script;
} rows[] = {
	{"a shell: every word counts", SHELL, false, "app.py", "wsgi-cgi --env A=1 app.py",
	 "wsgi-cgi --env A=1 app.py", NULL},
	{"a wrapper, no query", SHELL, true, NULL, "wsgi-cgi app.py", "wsgi-cgi app.py", NULL},
	{"a wrapper, an empty query", SHELL, true, "", "wsgi-cgi app.py", "wsgi-cgi app.py", NULL},
	{"a query with = brings no words", SHELL, true, "a=app.py", "wsgi-cgi app.py",
	 "wsgi-cgi app.py", NULL},
	{"a query whose words were not passed on", SHELL, true, "v2", "wsgi-cgi app.py",
	 "wsgi-cgi app.py", NULL},
	{"a query that only begins like the application", SHELL, true, "apple", "wsgi-cgi app",
	 "wsgi-cgi app", NULL},
	{"the query's words go", SHELL, true, "a+b", "wsgi-cgi app.py a b", "wsgi-cgi app.py",
	 NULL},
	{"an option among them goes", SHELL, true, "--help", "wsgi-cgi app.py --help",
	 "wsgi-cgi app.py", NULL},
	{"no word but the query's", SHELL, true, "--python%3d/x", "wsgi-cgi --python=/x",
	 "wsgi-cgi", NULL},
	{"options in front of them stay", SHELL, true, "--python%3D/x+y",
	 "wsgi-cgi --root /srv --python=/x y", "wsgi-cgi --root /srv", NULL},
	{"a word that the server quoted", SHELL, true, "a;b", "wsgi-cgi a\\;b", "wsgi-cgi", NULL},
	{"a word that the server left encoded", SHELL, true, "%2dh", "wsgi-cgi %2dh", "wsgi-cgi",
	 NULL},
	{"a word that ends at a NUL", SHELL, true, "-h%00x", "wsgi-cgi -h", "wsgi-cgi", NULL},
	{"a word without letters", SHELL, true, "--", "wsgi-cgi app.py --", "wsgi-cgi app.py",
	 NULL},
	{"fewer words than the query has", SHELL, true, "--python%3D/x+a+b+c",
	 "wsgi-cgi --root=/srv --python=/x a", "wsgi-cgi --root=/srv", NULL},
	{"bytes that are not ASCII", SHELL, true, "%C2%ADh", "wsgi-cgi \xc2\xadh", "wsgi-cgi",
	 NULL},
	{"all of it in one word, as http.server has it", SHELL, true, "/x/evil.py+x.py",
	 "wsgi-cgi /x/evil.py_x.py", "wsgi-cgi", NULL},
	{"its last words in one", SHELL, true, "a+b+c", "wsgi-cgi app.py a b_c", "wsgi-cgi app.py",
	 NULL},
	{"a server that leaves out empty words", SHELL, true, "a++-h+x", "wsgi-cgi app.py a -h x",
	 "wsgi-cgi app.py", NULL},
	{"one that decodes before it splits", SHELL, true, "a%2B-h+x", "wsgi-cgi a -h x",
	 "wsgi-cgi", NULL},
	{"one that heeds quotes", SHELL, true, "%22a+b%22+-h", "wsgi-cgi app.py a_b -h",
	 "wsgi-cgi app.py", NULL},
	{"one that leaves encoded what is also a digit", SHELL, true, "%33+3+-h",
	 "wsgi-cgi %33 3 -h", "wsgi-cgi", NULL},
	{"one that decodes what words it can", SHELL, true, "%41%zz+%2dh", "wsgi-cgi %41%zz -h",
	 "wsgi-cgi", NULL},
	{"a NUL, and a word after it", SHELL, true, "a%00b+-h", "wsgi-cgi a -h", "wsgi-cgi", NULL},
	{"the words have no letters", SHELL, true, "+--+-h", "wsgi-cgi app.py -- -h",
	 "wsgi-cgi app.py", NULL},
	{"a value without letters in front of them stays", SHELL, true, "-h",
	 "wsgi-cgi --root / -h", "wsgi-cgi --root /", NULL},
	{"a bad escape", SHELL, true, "%zz-h%", "wsgi-cgi %zz-h%", "wsgi-cgi", NULL},
	{"started by the server: no word counts", SERVER, true, "x", "wsgi-cgi --help", "wsgi-cgi",
	 NULL},
	{"started by the server, however it decodes", SERVER, true, "%252dh", "wsgi-cgi -h",
	 "wsgi-cgi", NULL},
	{"a script", SCRIPT, true, NULL, "/bin/wsgi-cgi ./app.py", "/bin/wsgi-cgi", "./app.py"},
	{"a script with an option", SCRIPT, true, NULL, "/bin/wsgi-cgi --env=A=1 ./app.py",
	 "/bin/wsgi-cgi --env=A=1", "./app.py"},
	{"what follows the script is the client's", SCRIPT, true, "--help",
	 "/bin/wsgi-cgi ./app.py --help", "/bin/wsgi-cgi", "./app.py"},
	{"even the script's own name", SCRIPT, true, "./app.py", "/bin/wsgi-cgi ./app.py ./app.py",
	 "/bin/wsgi-cgi", "./app.py"},
	{"a script from a shell", SCRIPT, false, NULL, "/bin/wsgi-cgi ./app.py x", "/bin/wsgi-cgi",
	 "./app.py"},
	{"no words at all", SHELL, true, "x", "", "", NULL},
};

static char line[400], *words[MAX_WORDS];

static int split(const char *text)
{
	int n = 0;

	snprintf(line, sizeof(line), "%s", text);
	for (char *w = strtok(line, " "); w != NULL; w = strtok(NULL, " "))
		words[n++] = w;
	words[n] = NULL;
	return n;
}

START_TEST(only_the_administrators_words_are_kept)
{
	const struct wsgi_cgi_view view = {
		.argc = split(rows[_i].line),
		.argv = words,
		.exec_name = rows[_i].start == SCRIPT ? "./app.py" : "/bin/wsgi-cgi",
		.exec_is_self = rows[_i].start != SCRIPT,
		.is_cgi = rows[_i].is_cgi,
		.is_direct = rows[_i].start == SERVER,
		.query = rows[_i].query,
	};
	const struct wsgi_cgi_line kept = wsgi_cgi_line(&view);
	char text[400] = "";

	for (int i = 0; i < kept.argc; i++) {
		strcat(text, i > 0 ? " " : "");
		strcat(text, words[i]);
	}
	ck_assert_msg(strcmp(text, rows[_i].kept) == 0, "%s: %s", rows[_i].claim, text);
	if (rows[_i].script == NULL)
		ck_assert_ptr_null(kept.script);
	else
		ck_assert_str_eq(kept.script, rows[_i].script);
}
END_TEST

/* -- the whole, as this process was started: by a shell ---------------------------------------- */

static struct wsgi_options options;
static struct wsgi_error err;

static void given_a_request(void)
{
	static const char *const names[] = {
		"WSGI_APPLICATION", "WSGI_ROOT",          "WSGI_PYTHON",
		"WSGI_PYTHONPATH",  "REDIRECT_WSGI_ROOT", "REDIRECT_WSGI_APPLICATION",
		"QUERY_STRING",     "SCRIPT_FILENAME",    "WSGI_VALIDATE",
	};

	for (int i = 0; i < LEN(names); i++)
		unsetenv(names[i]);
	setenv("GATEWAY_INTERFACE", "CGI/1.1", 1);
	err = (struct wsgi_error){0};
}

static void tear_down(void)
{
	wsgi_options_finish(&options);
}

static void when_started(const char *text)
{
	const int n = split(text);

	ck_assert_msg(wsgi_cgi_options(&options, WSGI_GATEWAY_CGI, n, words, &err) == 0, "%s",
		      err.text);
}

START_TEST(the_command_line_names_the_application)
{
	when_started("wsgi-cgi --python /venv app.py");
	ck_assert(!options.validate);
	ck_assert_str_eq(options.application, "app.py");
	ck_assert_str_eq(options.python, "/venv");
}
END_TEST

START_TEST(SetEnv_names_the_application_and_no_word_counts)
{
	setenv("WSGI_APPLICATION", "blog:app", 1);
	setenv("WSGI_PYTHON", "/venv", 1);
	setenv("WSGI_PYTHONPATH", "/lib", 1);
	setenv("WSGI_VALIDATE", "on", 1);
	when_started("wsgi-cgi --python /evil evil.py");
	ck_assert(options.validate);
	ck_assert_str_eq(options.application, "blog:app");
	ck_assert_str_eq(options.python, "/venv");
	ck_assert_str_eq(options.pythonpath, "/lib");
	ck_assert_ptr_null(options.root);
}
END_TEST

START_TEST(SetEnv_counts_after_an_internal_redirect)
{
	setenv("REDIRECT_WSGI_APPLICATION", "blog:app", 1);
	when_started("wsgi-cgi");
	ck_assert_str_eq(options.application, "blog:app");
}
END_TEST

START_TEST(SetEnv_names_a_root_and_no_word_an_application_then)
{
	setenv("REDIRECT_WSGI_ROOT", "/srv", 1);
	when_started("wsgi-cgi");
	ck_assert_ptr_null(options.application);
	ck_assert_str_eq(options.root, "/srv");
	wsgi_options_finish(&options);
	when_started("wsgi-cgi app.py");
	ck_assert_ptr_null(options.application);
	ck_assert_str_eq(options.root, "/srv");
}
END_TEST

START_TEST(with_a_root_no_word_names_an_application)
{
	when_started("wsgi-cgi --root /srv app.py");
	ck_assert_ptr_null(options.application);
	ck_assert_str_eq(options.root, "/srv");
}
END_TEST

START_TEST(outside_of_CGI_these_variables_mean_nothing)
{
	unsetenv("GATEWAY_INTERFACE");
	setenv("WSGI_APPLICATION", "blog:app", 1);
	setenv("WSGI_ROOT", "/srv", 1);
	setenv("WSGI_PYTHON", "/venv", 1);
	when_started("wsgi-cgi app.py");
	ck_assert_str_eq(options.application, "app.py");
	ck_assert_ptr_null(options.root);
	ck_assert_ptr_null(options.python);
}
END_TEST

/* Every name that a client can write: a header is HTTP_*, and the query. */
START_TEST(no_header_chooses_anything)
{
	setenv("HTTP_WSGI_APPLICATION", "os:system", 1);
	setenv("HTTP_REDIRECT_WSGI_APPLICATION", "os:system", 1);
	setenv("REDIRECT_HTTP_WSGI_APPLICATION", "os:system", 1);
	setenv("HTTP_WSGI_ROOT", "/", 1);
	setenv("QUERY_STRING", "WSGI_APPLICATION=os:system", 1);
	when_started("wsgi-cgi");
	ck_assert_ptr_null(options.application);
	ck_assert_ptr_null(options.root);
	ck_assert_ptr_null(options.python);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cgi_line");
	TCase *pure = tcase_create("words"), *whole = tcase_create("options");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(pure, only_the_administrators_words_are_kept, 0, LEN(rows));
	suite_add_tcase(s, pure);
	tcase_add_checked_fixture(whole, given_a_request, tear_down);
	tcase_add_test(whole, the_command_line_names_the_application);
	tcase_add_test(whole, SetEnv_names_the_application_and_no_word_counts);
	tcase_add_test(whole, SetEnv_counts_after_an_internal_redirect);
	tcase_add_test(whole, SetEnv_names_a_root_and_no_word_an_application_then);
	tcase_add_test(whole, with_a_root_no_word_names_an_application);
	tcase_add_test(whole, outside_of_CGI_these_variables_mean_nothing);
	tcase_add_test(whole, no_header_chooses_anything);
	suite_add_tcase(s, whole);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
