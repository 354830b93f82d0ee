#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "serve/option_help.h"
#include "serve/option_words.h"
#include "serve/options.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

enum { MAX_WORDS = 40 };

static struct wsgi_options options;
static struct wsgi_error err;
static char line[400], *words[MAX_WORDS];
static int words_len;

static void given_nothing(void)
{
	options = (struct wsgi_options){0};
	err = (struct wsgi_error){0};
}

static void tear_down(void)
{
	wsgi_options_finish(&options);
	wsgi_options_finish(&options);
}

/* Words with one blank between them; "''" is an empty one. */
static int when_parsed(enum wsgi_gateway gateway, const char *text)
{
	words_len = 0;
	snprintf(line, sizeof(line), "argv0 %s", text);
	for (char *w = strtok(line, " "); w != NULL; w = strtok(NULL, " "))
		words[words_len++] = strcmp(w, "''") == 0 ? w + 2 : w;
	words[words_len] = NULL;
	return wsgi_options_parse(&options, gateway, words_len, words, &err);
}

/* What was read, in one line. */
static const char *seen(void)
{
	static char text[1000];
	size_t n = 0;

#define SHOW(...) n += (size_t)snprintf(text + n, sizeof(text) - n, __VA_ARGS__)
	text[0] = '\0';
	if (options.help)
		SHOW("help ");
	if (options.version)
		SHOW("version ");
	if (options.python != NULL)
		SHOW("python=%s ", options.python);
	if (options.pythonpath != NULL)
		SHOW("pythonpath=%s ", options.pythonpath);
	if (options.chdir != NULL)
		SHOW("chdir=%s ", options.chdir);
	for (size_t i = 0; i < options.env_len; i++)
		SHOW("env=%s ", options.env[i]);
	if (options.root != NULL)
		SHOW("root=%s ", options.root);
	for (size_t i = 0; i < options.bind_len; i++)
		SHOW("bind=%s ", options.bind[i]);
	if (options.threads != 1)
		SHOW("threads=%u ", options.threads);
	if (options.script_name != NULL)
		SHOW("mount=%s ", options.script_name);
	if (options.fcgi != NULL)
		SHOW("fcgi=%s ", options.fcgi);
	if (options.reload)
		SHOW("reload ");
	for (size_t i = 0; i < options.reload_extra_len; i++)
		SHOW("extra=%s ", options.reload_extra[i]);
	if (options.reload_pipe != NULL)
		SHOW("pipe=%s ", options.reload_pipe);
	SHOW("app=%s", options.application != NULL ? options.application : "none");
#undef SHOW
	return text;
}

static const struct {
	const char *claim;
	enum wsgi_gateway gateway;
	const char *words, *seen;
} good[] = {
	{"nothing at all", WSGI_GATEWAY_CGI, "", "app=none"},
	{"an application", WSGI_GATEWAY_CGI, "app.py", "app=app.py"},
	{"after it nothing is an option", WSGI_GATEWAY_CGI, "app.py --help -V --nonsense",
	 "app=app.py"},
	{"a value after =", WSGI_GATEWAY_CGI, "--python=/venv app.py", "python=/venv app=app.py"},
	{"a value in the next word", WSGI_GATEWAY_CGI, "--python /venv app.py",
	 "python=/venv app=app.py"},
	{"a value that looks like an option", WSGI_GATEWAY_CGI, "--python --help app.py",
	 "python=--help app=app.py"},
	{"a value with = in it", WSGI_GATEWAY_CGI, "--env=A=b=c app.py", "env=A=b=c app=app.py"},
	{"an empty variable", WSGI_GATEWAY_CGI, "-e A= app.py", "env=A= app=app.py"},
	{"short, the value beside it", WSGI_GATEWAY_FCGI, "-b:9000 app.py",
	 "bind=:9000 app=app.py"},
	{"short, the value after it", WSGI_GATEWAY_FCGI, "-b :9000 app.py",
	 "bind=:9000 app=app.py"},
	{"what may stand several times", WSGI_GATEWAY_FCGI,
	 "-b :1 --bind=unix:/s -e A=1 --env B=2 app.py",
	 "env=A=1 env=B=2 bind=:1 bind=unix:/s app=app.py"},
	{"of what may stand once, the last counts", WSGI_GATEWAY_FCGI,
	 "--threads 2 --threads=4 --python a --python b app.py", "python=b threads=4 app=app.py"},
	{"one worker", WSGI_GATEWAY_FCGI, "--workers 1 -w1 app.py", "app=app.py"},
	{"numbers up to 1024", WSGI_GATEWAY_FCGI, "--threads 1024 app.py",
	 "threads=1024 app=app.py"},
	{"a mount", WSGI_GATEWAY_FCGI, "--script-name /app app.py", "mount=/app app=app.py"},
	{"a mount, by IIS", WSGI_GATEWAY_IIS, "--script-name / app.py", "mount=/ app=app.py"},
	{"-- ends the options", WSGI_GATEWAY_FCGI, "--threads 2 -- --app", "threads=2 app=--app"},
	{"-- and nothing after it", WSGI_GATEWAY_FCGI, "--", "app=none"},
	{"a lone hyphen is a name", WSGI_GATEWAY_CGI, "- --help", "app=-"},
	{"--help ends the reading", WSGI_GATEWAY_FCGI, "--help --nonsense", "help app=none"},
	{"-h", WSGI_GATEWAY_CGI, "-h", "help app=none"},
	{"-V", WSGI_GATEWAY_CGI, "-V", "version app=none"},
	{"--version", WSGI_GATEWAY_SERVE, "--version", "version app=none"},
	{"wsgi-cgi's own", WSGI_GATEWAY_CGI, "--root /srv --chdir=/ --pythonpath a:b",
	 "pythonpath=a:b chdir=/ root=/srv app=none"},
	{"wsgi-iis takes the same", WSGI_GATEWAY_IIS, "--root /srv app.py", "root=/srv app=app.py"},
	{"wsgi-serve's own", WSGI_GATEWAY_SERVE, "--fcgi unix:/s --bind 127.0.0.1:0 --threads 8",
	 "bind=127.0.0.1:0 threads=8 fcgi=unix:/s app=none"},
	{"--reload and its files", WSGI_GATEWAY_SERVE,
	 "--reload --reload-extra-file a --reload-extra-file=b app.py",
	 "reload extra=a extra=b app=app.py"},
	{"a child's of --reload", WSGI_GATEWAY_SERVE, "--bind=fd://3 --reload-pipe=4 app.py",
	 "bind=fd://3 pipe=4 app=app.py"},
};

START_TEST(a_command_line_is_read)
{
	ck_assert_msg(when_parsed(good[_i].gateway, good[_i].words) == 0, "%s: %s", good[_i].claim,
		      err.text);
	ck_assert_msg(strcmp(seen(), good[_i].seen) == 0, "%s: %s", good[_i].claim, seen());
	ck_assert_uint_eq(options.workers, 1);
}
END_TEST

START_TEST(the_process_managers_options_are_read)
{
	ck_assert_int_eq(when_parsed(WSGI_GATEWAY_FCGI,
				     "-w 8 --pm OnDemand --process-idle-timeout 0.25 "
				     "-t 1.0305 --graceful-timeout 7 --max-memory 200M "
				     "-m 0o27 --listen-mode 660 -b unix:/s --backlog "
				     "4096 --log-level warning app.py"),
			 0);
	ck_assert_uint_eq(options.workers, 8);
	ck_assert_int_eq(options.pm, WSGI_PM_ONDEMAND);
	ck_assert_int_eq(options.process_idle_timeout_ms, 250);
	ck_assert_int_eq(options.timeout_ms, 1030);
	ck_assert_int_eq(options.graceful_timeout_ms, 7000);
	ck_assert_uint_eq(options.max_memory_bytes, 200 << 20);
	ck_assert_uint_eq(options.umask, 027);
	ck_assert_uint_eq(options.listen_mode, 0660);
	ck_assert_uint_eq(options.backlog, 4096);
	ck_assert_uint_eq(options.log_level, WSGI_LOG_WARNING);
}
END_TEST

static const struct {
	enum wsgi_gateway gateway;
	const char *line, *words;
} bad[] = {
	{WSGI_GATEWAY_CGI, "--nonsense app.py", "no option --nonsense: see wsgi-cgi --help"},
	{WSGI_GATEWAY_CGI, "--pyth=x app.py", "no option --pyth: see wsgi-cgi --help"},
	{WSGI_GATEWAY_CGI, "-x app.py", "no option -x: see wsgi-cgi --help"},
	{WSGI_GATEWAY_CGI, "--=x app.py", "no option --: see wsgi-cgi --help"},
	{WSGI_GATEWAY_CGI, "-hV", "--help takes no value"},
	{WSGI_GATEWAY_CGI, "--version=2", "--version takes no value"},
	{WSGI_GATEWAY_CGI, "--bind :9000 app.py",
	 "--bind is an option of wsgi-fcgi and wsgi-serve, not of wsgi-cgi"},
	{WSGI_GATEWAY_IIS, "-w 1 app.py", "--workers is an option of wsgi-fcgi, not of wsgi-iis"},
	{WSGI_GATEWAY_CGI, "--script-name /x app.py",
	 "--script-name is an option of wsgi-iis and wsgi-fcgi, not of wsgi-cgi"},
	{WSGI_GATEWAY_IIS, "--script-name x app.py", "--script-name wants /PATH, not 'x'"},
	{WSGI_GATEWAY_FCGI, "--fcgi :9000", "--fcgi is an option of wsgi-serve, not of wsgi-fcgi"},
	{WSGI_GATEWAY_FCGI, "--root=/srv app.py",
	 "--root is an option of wsgi-cgi and wsgi-iis, not of wsgi-fcgi"},
	{WSGI_GATEWAY_FCGI, "--bind", "--bind wants ADDRESS after it"},
	{WSGI_GATEWAY_SERVE, "-b", "--bind wants ADDRESS after it"},
	{WSGI_GATEWAY_FCGI, "--bind= app.py", "--bind wants ADDRESS, not ''"},
	{WSGI_GATEWAY_FCGI, "--python '' app.py", "--python wants PATH, not ''"},
	{WSGI_GATEWAY_FCGI, "--threads x app.py",
	 "--threads wants a number from 1 to 1024, not 'x'"},
	{WSGI_GATEWAY_FCGI, "--threads 0 app.py",
	 "--threads wants a number from 1 to 1024, not '0'"},
	{WSGI_GATEWAY_FCGI, "--threads=-1 app.py",
	 "--threads wants a number from 1 to 1024, not '-1'"},
	{WSGI_GATEWAY_FCGI, "--threads 1025 app.py",
	 "--threads wants a number from 1 to 1024, not '1025'"},
	{WSGI_GATEWAY_FCGI, "--threads 4294967297 app.py",
	 "--threads wants a number from 1 to 1024, not '4294967297'"},
	{WSGI_GATEWAY_FCGI, "--threads= app.py", "--threads wants a number from 1 to 1024, not ''"},
	{WSGI_GATEWAY_FCGI, "--script-name app app.py", "--script-name wants /PATH, not 'app'"},
	{WSGI_GATEWAY_FCGI, "--script-name= app.py", "--script-name wants /PATH, not ''"},
	{WSGI_GATEWAY_FCGI, "--workers 1025 app.py",
	 "--workers wants a number from 1 to 1024, not '1025'"},
	{WSGI_GATEWAY_FCGI, "--max-requests -1 app.py",
	 "--max-requests wants a number from 0 to 1000000000, not '-1'"},
	{WSGI_GATEWAY_FCGI, "-t soon app.py",
	 "--timeout wants a number of seconds, as in 30 or 0.5, not 'soon'"},
	{WSGI_GATEWAY_FCGI, "-t 1. app.py",
	 "--timeout wants a number of seconds, as in 30 or 0.5, not '1.'"},
	{WSGI_GATEWAY_FCGI, "-t 1.5s app.py",
	 "--timeout wants a number of seconds, as in 30 or 0.5, not '1.5s'"},
	{WSGI_GATEWAY_FCGI, "--max-memory 1T app.py",
	 "--max-memory wants a number of bytes, as in 200M, not '1T'"},
	{WSGI_GATEWAY_FCGI, "--max-memory 1MB app.py",
	 "--max-memory wants a number of bytes, as in 200M, not '1MB'"},
	{WSGI_GATEWAY_FCGI, "--max-memory 1099511627776G app.py",
	 "--max-memory wants a number of bytes, as in 200M, not '1099511627776G'"},
	{WSGI_GATEWAY_FCGI, "-m 8 app.py",
	 "--umask wants an octal number up to 0777, as in 0660, not '8'"},
	{WSGI_GATEWAY_FCGI, "-m 01000 app.py",
	 "--umask wants an octal number up to 0777, as in 0660, not '01000'"},
	{WSGI_GATEWAY_FCGI, "-m 0o app.py",
	 "--umask wants an octal number up to 0777, as in 0660, not '0o'"},
	{WSGI_GATEWAY_FCGI, "--pm stat app.py", "--pm wants static|dynamic|ondemand, not 'stat'"},
	{WSGI_GATEWAY_FCGI, "--log-level loud app.py",
	 "--log-level wants debug|info|warning|error|critical, not 'loud'"},
	{WSGI_GATEWAY_FCGI, "-c /nowhere/conf app.py",
	 "--config /nowhere/conf: No such file or directory"},
	{WSGI_GATEWAY_FCGI, "-e NAME app.py", "--env wants NAME=VALUE, not 'NAME'"},
	{WSGI_GATEWAY_FCGI, "-e =x app.py", "--env wants NAME=VALUE, not '=x'"},
	/* Where no client can write words, one that nobody reads is a mistake. */
	{WSGI_GATEWAY_SERVE, "app.so -b 127.0.0.1:0 --debug",
	 "'-b' stands behind the application: options come first"},
	{WSGI_GATEWAY_FCGI, "app.py --threads=2",
	 "'--threads=2' stands behind the application: options come first"},
	{WSGI_GATEWAY_SERVE, "app.py other.py",
	 "'other.py' stands behind the application: give one application"},
	{WSGI_GATEWAY_SERVE, "-- app.py --help",
	 "'--help' stands behind the application: options come first"},
	{WSGI_GATEWAY_FCGI, "app.py -", "'-' stands behind the application: give one application"},
};

START_TEST(a_wrong_word_is_refused_in_one_line)
{
	ck_assert_int_lt(when_parsed(bad[_i].gateway, bad[_i].line), 0);
	ck_assert_str_eq(err.text, bad[_i].words);
}
END_TEST

static const struct {
	const char *claim;
	enum wsgi_gateway gateway;
	const char *line, *inside;
} inside[] = {
	{"what is done before the interpreter starts is gone", WSGI_GATEWAY_CGI,
	 "--python p --chdir c -e A=1 --root r --pythonpath a:b app.py",
	 "wsgi-cgi --pythonpath=a:b -- found.py"},
	{"the server's words stay", WSGI_GATEWAY_FCGI, "-b :1 -b unix:/s --threads 8 app.py",
	 "wsgi-fcgi --bind=:1 --bind=unix:/s --threads=8 -- found.py"},
	{"what only the manager needs is gone", WSGI_GATEWAY_FCGI,
	 "-b fd://3 --pm=dynamic -w 9 -t 3 --slow 1 -u root -m 22 --backlog 5 -p /pid app.py",
	 "wsgi-fcgi --bind=fd://3 --workers=9 --timeout=3 --slow=1 -- found.py"},
	{"what a worker needs is said in each kind", WSGI_GATEWAY_FCGI,
	 "--max-requests 500 --max-requests-jitter 50 --max-memory 1G --preload --iis "
	 "--log-level CRITICAL --zygote 5,6 --allowed-clients ::1,127.0.0.1 --check-config app.py",
	 "wsgi-fcgi --allowed-clients=::1,127.0.0.1 --max-requests=500 --max-requests-jitter=50 "
	 "--max-memory=1073741824 --preload --iis --log-level=error --check-config --zygote=5,6 "
	 "-- found.py"},
	{"wsgi-serve", WSGI_GATEWAY_SERVE, "-b :1 app.py", "wsgi-serve --bind=:1 -- found.py"},
	{"a child of --reload", WSGI_GATEWAY_SERVE, "--reload-pipe 5 --bind fd://3 app.py",
	 "wsgi-serve --bind=fd://3 --reload-pipe=5 -- found.py"},
};

START_TEST(the_interpreter_is_told_the_rest)
{
	char text[400] = "", **said;

	ck_assert_int_eq(when_parsed(inside[_i].gateway, inside[_i].line), 0);
	said = wsgi_options_words(&options, "found.py");
	ck_assert_ptr_nonnull(said);
	for (size_t i = 0; said[i] != NULL; i++) {
		strcat(text, i > 0 ? " " : "");
		strcat(text, said[i]);
	}
	wsgi_options_free_words(said);
	ck_assert_msg(strcmp(text, inside[_i].inside) == 0, "%s: %s", inside[_i].claim, text);
	wsgi_options_finish(&options);
	ck_assert_int_eq(when_parsed(inside[_i].gateway, text + strcspn(text, " ") + 1), 0);
	ck_assert_str_eq(options.application, "found.py");
}
END_TEST

START_TEST(help_does_not_name_what_is_not_for_users)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	wsgi_options_help(WSGI_GATEWAY_SERVE, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_ptr_nonnull(strstr(text, "\n      --reload "));
	ck_assert_ptr_nonnull(strstr(text, "\n      --reload-extra-file=FILE "));
	ck_assert_ptr_null(strstr(text, "--reload-pipe"));
	free(text);
}
END_TEST

START_TEST(help_names_what_the_gateway_takes_and_nothing_else)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	wsgi_options_help(WSGI_GATEWAY_CGI, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_ptr_nonnull(strstr(text, "\n  -e, --env=NAME=VALUE "));
	ck_assert_ptr_nonnull(strstr(text, "\n      --root=FOLDER "));
	ck_assert_ptr_null(strstr(text, "--bind"));
	ck_assert_ptr_null(strstr(text, "--fcgi"));
	free(text);
}
END_TEST

static const struct {
	enum wsgi_gateway gateway;
	const char *usage;
} usages[] = {
	{WSGI_GATEWAY_CGI, "usage: wsgi-cgi [OPTION]... APPLICATION\n"
			   "   or: wsgi-cgi [OPTION]... --root=FOLDER\n"
			   "APPLICATION is"},
	{WSGI_GATEWAY_IIS, "usage: wsgi-iis [OPTION]... APPLICATION [SCRIPT]\n"
			   "   or: wsgi-iis [OPTION]... --root=FOLDER [SCRIPT]\n"
			   "APPLICATION is"},
	{WSGI_GATEWAY_SERVE, "usage: wsgi-serve [OPTION]... APPLICATION\n"
			     "APPLICATION is"},
};

START_TEST(help_says_what_comes_behind_the_options)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	wsgi_options_help(usages[_i].gateway, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_msg(strncmp(text, usages[_i].usage, strlen(usages[_i].usage)) == 0, "%s", text);
	free(text);
}
END_TEST

START_TEST(help_fits_into_100_columns)
{
	static const enum wsgi_gateway gateways[] = {WSGI_GATEWAY_CGI, WSGI_GATEWAY_IIS,
						     WSGI_GATEWAY_FCGI, WSGI_GATEWAY_SERVE};
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	wsgi_options_help(gateways[_i], f);
	ck_assert_int_eq(fclose(f), 0);
	for (const char *at = text; at != NULL && *at != '\0'; at = strchr(at, '\n') + 1)
		ck_assert_uint_le(strcspn(at, "\n"), 100);
	free(text);
}
END_TEST

START_TEST(the_long_help_has_headings_and_what_is_too_long_a_line_of_its_own)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	wsgi_options_help(WSGI_GATEWAY_FCGI, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_ptr_nonnull(strstr(text, "\n\nProcesses:\n  -w, --workers=N               w"));
	ck_assert_ptr_nonnull(strstr(text, "\n      --process-idle-timeout=SECONDS\n"
					   "                                ondemand: "));
	ck_assert_ptr_null(strstr(text, "--zygote"));
	free(text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("options");
	TCase *tc = tcase_create("parse");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_nothing, tear_down);
	tcase_add_loop_test(tc, a_command_line_is_read, 0, LEN(good));
	tcase_add_test(tc, the_process_managers_options_are_read);
	tcase_add_loop_test(tc, a_wrong_word_is_refused_in_one_line, 0, LEN(bad));
	tcase_add_loop_test(tc, the_interpreter_is_told_the_rest, 0, LEN(inside));
	tcase_add_test(tc, help_does_not_name_what_is_not_for_users);
	tcase_add_test(tc, help_names_what_the_gateway_takes_and_nothing_else);
	tcase_add_loop_test(tc, help_says_what_comes_behind_the_options, 0, LEN(usages));
	tcase_add_loop_test(tc, help_fits_into_100_columns, 0, 4);
	tcase_add_test(tc, the_long_help_has_headings_and_what_is_too_long_a_line_of_its_own);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
