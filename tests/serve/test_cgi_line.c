#include <check.h>
#include <errno.h>
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
	{"a soft hyphen that a code page made a hyphen", SHELL, true, "%C2%AD-python=%AD/x",
	 "wsgi-cgi app.py", "wsgi-cgi app.py", NULL},
	{"in a query whose words are passed on", SHELL, true, "%C2%AD-python%3D/x+%AD-root",
	 "wsgi-cgi app.py --python=/x --root", "wsgi-cgi app.py", NULL},
	{"with nothing of the administrator's in front", SHELL, true, "%AD-root%3D/+%ADh",
	 "wsgi-iis --root=/ -h", "wsgi-iis", NULL},
	{"one that it made another character", SHELL, true, "%E6%97%A5-root", "wsgi-iis ?-root",
	 "wsgi-iis", NULL},
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
		"WSGI_APPLICATION",   "WSGI_ROOT",          "WSGI_PYTHON",
		"WSGI_PYTHONPATH",    "REDIRECT_WSGI_ROOT", "REDIRECT_WSGI_APPLICATION",
		"QUERY_STRING",       "SCRIPT_FILENAME",    "WSGI_VALIDATE",
		"SCRIPT_NAME",        "PATH_INFO",          "PATH_TRANSLATED",
		"WSGI_ERROR_LOGFILE",
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

static int when_iis_starts(const char *text)
{
	const int n = split(text);

	return wsgi_cgi_options(&options, WSGI_GATEWAY_IIS, n, words, &err);
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
	setenv("HTTP_WSGI_ERROR_LOGFILE", "/etc/passwd", 1);
	setenv("HTTP_REDIRECT_WSGI_ERROR_LOGFILE", "/etc/passwd", 1);
	when_started("wsgi-cgi");
	ck_assert_ptr_null(options.application);
	ck_assert_ptr_null(options.root);
	ck_assert_ptr_null(options.python);
	ck_assert_ptr_null(options.error_logfile);
}
END_TEST

/* -- the error log ----------------------------------------------------------------------------- */

START_TEST(SetEnv_names_the_error_log_unless_a_word_does)
{
	setenv("WSGI_ERROR_LOGFILE", "/log", 1);
	when_started("wsgi-cgi app.py");
	ck_assert_str_eq(options.error_logfile, "/log");
	wsgi_options_finish(&options);
	when_started("wsgi-cgi --error-logfile=/mine app.py");
	ck_assert_str_eq(options.error_logfile, "/mine");
	unsetenv("WSGI_ERROR_LOGFILE");
	setenv("REDIRECT_WSGI_ERROR_LOGFILE", "/log", 1);
	wsgi_options_finish(&options);
	when_started("wsgi-cgi app.py");
	ck_assert_str_eq(options.error_logfile, "/log");
}
END_TEST

START_TEST(a_refused_line_has_its_error_log)
{
	static const struct {
		const char *line, *log;
	} refused[] = {
		{"wsgi-iis --error-logfile /log --bad app.py", "/log"},
		{"wsgi-iis --bad --error-logfile /log app.py", "/log"},
		{"wsgi-iis --bad app.py --error-logfile=/clients", "/servers"},
	};

	setenv("WSGI_ERROR_LOGFILE", "/servers", 1);
	for (int i = 0; i < LEN(refused); i++) {
		ck_assert_int_eq(when_iis_starts(refused[i].line), -EINVAL);
		ck_assert_str_eq(options.error_logfile, refused[i].log);
		ck_assert_ptr_nonnull(strstr(err.text, "--bad"));
		wsgi_options_finish(&options);
	}
}
END_TEST

/* -- IIS's script mapping ---------------------------------------------------------------------- */

static void given_a_script(void)
{
	setenv("SCRIPT_NAME", "/app.py", 1);
	setenv("PATH_INFO", "/app.py/x", 1);
	setenv("PATH_TRANSLATED", "/www/app.py/x", 1);
}

static const struct {
	const char *claim, *line, *query;
	const char *root, *application; /* NULL, NULL: the line is refused */
} mappings[] = {
	{"a root, and the script", "wsgi-iis --root /www /www/app.py", "", "/www", "/www/app.py"},
	{"a root alone", "wsgi-iis --root /www", "", "/www", NULL},
	{"an option behind the script is the client's",
	 "wsgi-iis --root /www /www/app.py --root=/ --python=/evil", "--root%3D/+--python%3D/evil",
	 "/www", "/www/app.py"},
	{"however it came there", "wsgi-iis --root /www /www/app.py --root=/ --python=/evil", "",
	 "/www", "/www/app.py"},
	{"a word of the client's is no script", "wsgi-iis --root /www /srv/evil.py", "/srv/evil.py",
	 "/www", NULL},
	{"an application, and the script", "wsgi-iis /srv/blog.py /www/app.py", "", NULL,
	 "/srv/blog.py"},
	{"an application of the script's name", "wsgi-iis /srv/app.py /www/app.py", "", NULL,
	 "/srv/app.py"},
	{"the script itself, as an application", "wsgi-iis /www/app.py /www/app.py", "", NULL,
	 "/www/app.py"},
	{"the script's callable", "wsgi-iis /www/app.py:app /www/app.py", "", NULL,
	 "/www/app.py:app"},
	{"a module", "wsgi-iis blog:app /www/app.py --python=/evil", "--python%3D/evil", NULL,
	 "blog:app"},
	{"the script alone", "wsgi-iis /www/app.py", "", NULL, NULL},
	{"with its path info", "wsgi-iis /www/app.py/x", "", NULL, NULL},
	{"behind an option", "wsgi-iis --python=/venv /www/app.py", "", NULL, NULL},
	{"before a word of the client's", "wsgi-iis /www/app.py /www/app.py", "/www/app.py", NULL,
	 NULL},
	{"before another", "wsgi-iis /www/app.py v2", "", NULL, NULL},
	{"before one that names the script too", "wsgi-iis /www/app.py /www/app.py",
	 "/www/app.py?a=b", NULL, NULL},
	{"a callable of it", "wsgi-iis /www/app.py:app", "", NULL, NULL},
	{"a callable of what is behind it", "wsgi-iis /www/app.py/x:app", "", NULL, NULL},
};

START_TEST(a_script_mapping_names_a_root_or_an_application)
{
	int rc;

	given_a_script();
	setenv("QUERY_STRING", mappings[_i].query, 1);
	rc = when_iis_starts(mappings[_i].line);
	if (mappings[_i].root == NULL && mappings[_i].application == NULL) {
		ck_assert_msg(rc == -EINVAL, "%s: %d", mappings[_i].claim, rc);
		ck_assert_ptr_nonnull(
			strstr(err.text, "a script mapping needs --root FOLDER or an application"));
		return;
	}
	ck_assert_msg(rc == 0, "%s: %s", mappings[_i].claim, err.text);
	ck_assert_pstr_eq(options.root, mappings[_i].root);
	ck_assert_pstr_eq(options.application, mappings[_i].application);
	ck_assert_ptr_null(options.python);
}
END_TEST

static const struct {
	const char *line, *query;
} repeated[] = {
	{"wsgi-iis --validate --root /www /www/app.py", "validate+root+/www+/www/app.py"},
	{"wsgi-iis --root /www --validate /www/app.py", "--validate+www+app.py"},
	{"wsgi-iis --root /www --validate /www/app.py --validate",
	 "validate+www+app.py+validate+x"},
	{"wsgi-iis --root /www --validate", "validate"},
	{"wsgi-iis --root=/www --validate -- /www/app.py", "validate+--+www+app.py"},
	{"wsgi-iis --validate --env A=1 /srv/blog.py /www/app.py",
	 "validate+env+A1+srv+blog.py+www+app.py"},
};

START_TEST(a_query_of_the_lines_own_words_takes_no_option_away)
{
	given_a_script();
	setenv("QUERY_STRING", repeated[_i].query, 1);
	ck_assert_msg(when_iis_starts(repeated[_i].line) == 0, "%s: %s", repeated[_i].line,
		      err.text);
	ck_assert_msg(options.validate, "%s", repeated[_i].line);
}
END_TEST

/* --root "C:\\x\\" "%s": the script's path is in no quotes. */
START_TEST(a_quote_and_a_blank_in_an_option_are_refused)
{
	static const struct {
		char *argv[6];
		const char *log;
	} lines[] = {
		{{"wsgi-iis", "--root", "C:\\x\" C:\\x\\a", "--error-logfile=/evil"}, NULL},
		{{"wsgi-iis", "--root=C:\\x\"\tC:\\x\\a.py"}, NULL},
		{{"wsgi-iis", "--error-logfile=/log", "--chdir", "x\" x", "--version"}, "/log"},
		{{"wsgi-iis", "--error-logfile", "/log\" x", "--version"}, NULL},
	};

	given_a_script();
	for (int i = 0; i < LEN(lines); i++) {
		int n = 0;

		while (lines[i].argv[n] != NULL)
			n++;
		ck_assert_int_eq(
			wsgi_cgi_options(&options, WSGI_GATEWAY_IIS, n, lines[i].argv, &err),
			-EINVAL);
		ck_assert_ptr_nonnull(strstr(err.text, "backslashes"));
		ck_assert_pstr_eq(options.error_logfile, lines[i].log);
		wsgi_options_finish(&options);
	}
}
END_TEST

START_TEST(other_quotes_are_the_administrators)
{
	char *const argv[] = {"wsgi-iis",    "--env", "A=\"b\"", "/srv/blog.py",
			      "/www/app.py", "\" x",  NULL};

	given_a_script();
	ck_assert_int_eq(wsgi_cgi_options(&options, WSGI_GATEWAY_IIS, 6, argv, &err), 0);
	ck_assert_str_eq(options.env[0], "A=\"b\"");
	ck_assert_str_eq(options.application, "/srv/blog.py");
}
END_TEST

/* Nobody knows who put the words there. */
START_TEST(but_not_where_another_program_may_have_passed_them_on)
{
	given_a_script();
	setenv("QUERY_STRING", "validate+www+app.bat", 1);
	setenv("SCRIPT_NAME", "/app.bat", 1);
	setenv("PATH_INFO", "/app.bat", 1);
	setenv("PATH_TRANSLATED", "/www/app.bat", 1);
	ck_assert_int_eq(when_iis_starts("wsgi-iis --validate /www/app.bat"), 0);
	ck_assert(!options.validate);
	ck_assert_ptr_null(options.application);
	wsgi_options_finish(&options);
	given_a_script();
	setenv("QUERY_STRING", "validate+www+app.py", 1);
	setenv("SCRIPT_FILENAME", "/www/wrapper", 1);
	ck_assert_int_eq(when_iis_starts("wsgi-iis --validate /www/app.py"), 0);
	ck_assert(!options.validate);
}
END_TEST

START_TEST(WSGI_ROOT_is_a_mappings_root_too)
{
	given_a_script();
	setenv("WSGI_ROOT", "/www", 1);
	ck_assert_int_eq(when_iis_starts("wsgi-iis /www/app.py"), 0);
	ck_assert_str_eq(options.root, "/www");
	ck_assert_str_eq(options.application, "/www/app.py");
}
END_TEST

START_TEST(from_a_shell_the_same_word_is_an_application)
{
	given_a_script();
	unsetenv("GATEWAY_INTERFACE");
	ck_assert_int_eq(when_iis_starts("wsgi-iis /www/app.py"), 0);
	ck_assert_str_eq(options.application, "/www/app.py");
}
END_TEST

/* CVE-2012-1823, and CVE-2024-4577: what a code page makes of bytes is never a word that counts. */
static const char *const attacks[] = {
	"test_cgi_line --root=/ /www/app.py",
	"test_cgi_line --python=/evil evil.py",
	"test_cgi_line -e PATH=/evil demo",
	"test_cgi_line --error-logfile=/evil --bad",
	"test_cgi_line --help",
	"test_cgi_line \xc2\xad-python=/evil demo",
	"test_cgi_line -\xad-root=/ demo",
};

START_TEST(no_word_counts_where_the_URL_names_the_program)
{
	static const char *const urls[] = {"/cgi/test_cgi_line", "/test_cgi_line.",
					   "/test_cgi_line::$DATA"};

	setenv("PATH_INFO", "/x", 1); /* with allowPathInfo */
	setenv("PATH_TRANSLATED", "/www/x", 1);
	for (int i = 0; i < LEN(urls); i++) {
		setenv("SCRIPT_NAME", urls[i], 1);
		ck_assert_msg(when_iis_starts(attacks[_i]) == 0, "%s: %s", attacks[_i], err.text);
		ck_assert_ptr_null(options.application);
		ck_assert_ptr_null(options.root);
		ck_assert_ptr_null(options.python);
		ck_assert_ptr_null(options.error_logfile);
		ck_assert(!options.help);
		ck_assert_uint_eq(options.env_len, 0);
		wsgi_options_finish(&options);
	}
}
END_TEST

START_TEST(there_WSGI_APPLICATION_names_the_application)
{
	setenv("SCRIPT_NAME", "/cgi/test_cgi_line", 1);
	setenv("WSGI_APPLICATION", "blog:app", 1);
	ck_assert_int_eq(when_iis_starts("test_cgi_line evil.py"), 0);
	ck_assert_str_eq(options.application, "blog:app");
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
	tcase_add_test(whole, SetEnv_names_the_error_log_unless_a_word_does);
	tcase_add_test(whole, a_refused_line_has_its_error_log);
	tcase_add_loop_test(whole, a_script_mapping_names_a_root_or_an_application, 0,
			    LEN(mappings));
	tcase_add_loop_test(whole, a_query_of_the_lines_own_words_takes_no_option_away, 0,
			    LEN(repeated));
	tcase_add_test(whole, a_quote_and_a_blank_in_an_option_are_refused);
	tcase_add_test(whole, other_quotes_are_the_administrators);
	tcase_add_test(whole, but_not_where_another_program_may_have_passed_them_on);
	tcase_add_test(whole, WSGI_ROOT_is_a_mappings_root_too);
	tcase_add_test(whole, from_a_shell_the_same_word_is_an_application);
	tcase_add_loop_test(whole, no_word_counts_where_the_URL_names_the_program, 0, LEN(attacks));
	tcase_add_test(whole, there_WSGI_APPLICATION_names_the_application);
	suite_add_tcase(s, whole);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
