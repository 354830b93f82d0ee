#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve/config.h"
#include "serve/fcgi_rules.h"
#include "serve/option_rules.h"
#include "serve/option_table.h"
#include "serve/option_value.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

enum { MAX_WORDS = 32 };

static char dir[] = "/tmp/wsgi-config-XXXXXX", path[64];
static struct wsgi_options options, again;
static struct wsgi_error err;

static void given_a_folder(void)
{
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/conf", dir);
}

static void tear_down(void)
{
	wsgi_options_finish(&options);
	wsgi_options_finish(&again);
	unlink(path);
	rmdir(dir);
}

static void given_the_file(const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

/* The words before "-c FILE", with a blank between them. */
static int when_parsed(const char *text)
{
	static char line[400], *words[MAX_WORDS];
	int rc, len = 0;

	wsgi_options_finish(&options);
	snprintf(line, sizeof(line), "argv0 -c %s %s", path, text);
	for (char *w = strtok(line, " "); w != NULL; w = strtok(NULL, " "))
		words[len++] = w;
	words[len] = NULL;
	rc = wsgi_options_parse(&options, WSGI_GATEWAY_FCGI, len, words, &err);
	return rc == 0 ? wsgi_fcgi_rules_apply(&options, &err) : rc;
}

/* All options that have another value than without the file, in one line. */
static const char *seen(const struct wsgi_options *o)
{
	static char text[4000];
	const struct wsgi_option *option;
	struct wsgi_buf b = {0};

	for (size_t i = 0; (option = wsgi_option_at(i)) != NULL; i++) {
		if ((option->gateways & WSGI_GATEWAY_FCGI) == 0 ||
		    wsgi_option_is_default(o, option) || strcmp(option->name, "config") == 0)
			continue;
		for (size_t j = 0; j < wsgi_option_values(o, option); j++) {
			wsgi_buf_addf(&b, "%s=", option->name);
			wsgi_option_write(o, option, j, &b);
			wsgi_buf_adds(&b, " ");
		}
	}
	snprintf(text, sizeof(text), "%.*sapp=%s", (int)b.len, b.data != NULL ? b.data : "",
		 o->application != NULL ? o->application : "none");
	wsgi_buf_finish(&b);
	return text;
}

static const struct {
	const char *claim, *text, *seen;
} good[] = {
	{"an empty file", "", "app=none"},
	{"comments and blank lines", "# a\n\n   \n\t# b", "app=none"},
	{"a number", "workers = 4\n", "workers=4 app=none"},
	{"the last line may be without its end", "workers=4", "workers=4 app=none"},
	{"blanks do not count", "  workers\t=  4  \n", "workers=4 app=none"},
	{"lines of other systems", "workers = 4\r\nuser = www\r\n", "workers=4 user=www app=none"},
	{"a mark that it is UTF-8", "\xef\xbb\xbfworkers = 4\n", "workers=4 app=none"},
	{"hyphens", "script-name = /a\n", "script-name=/a app=none"},
	{"underscores", "script_name = /a\n", "script-name=/a app=none"},
	{"a comment behind a value", "workers = 4 # cores\n", "workers=4 app=none"},
	{"a # within a word is none", "env = A=#1\n", "env=A=#1 app=none"},
	{"blanks within a value", "env = A=one two # x\n", "env=A=one two app=none"},
	{"double quotes", "user = \"www data\" # who\n", "user=www data app=none"},
	{"single quotes", "access-logformat = '%(h)s \"%(r)s\"'\n",
	 "access-logformat=%(h)s \"%(r)s\" app=none"},
	{"a # in quotes", "env = 'A=x # y'\n", "env=A=x # y app=none"},
	{"escapes are Python's", "env = \"A=\\\"\\\\ \\' \\n \\d\"\n",
	 "env=A=\"\\ ' \n \\d app=none"},
	{"quotes within a bare value", "access-logformat = %(h)s \"%(r)s\"\n",
	 "access-logformat=%(h)s \"%(r)s\" app=none"},
	{"a flag", "preload = true\niis = False\nvalidate=yes\n",
	 "preload=true validate=true app=none"},
	{"a list of lines", "bind = unix:/a\nbind = :9000\n", "bind=unix:/a bind=:9000 app=none"},
	{"a list as in Python", "bind = ['unix:/a', \":9000\",]\n",
	 "bind=unix:/a bind=:9000 app=none"},
	{"a list over lines", "bind = [ # where\n  'unix:/a',\n\n # and\n  ':9000'\n] # so\nuser=w",
	 "bind=unix:/a bind=:9000 user=w app=none"},
	{"an empty list", "bind = []\n", "app=none"},
	{"an IPv6 address is no list", "bind = [::1]:9000\n", "bind=[::1]:9000 app=none"},
	{"the application", "application = blog:app\n", "app=blog:app"},
	{"a section of our name", "[wsgi-fcgi]\nworkers = 2\n", "workers=2 app=none"},
	{"gunicorn's file",
	 "bind = '127.0.0.1:8000'\nworkers = 3\ntimeout = 30\npreload_app = True\n"
	 "raw_env = ['A=1', 'B=2']\naccesslog = '-'\nerrorlog = '/var/log/e'\nloglevel = 'debug'\n"
	 "pidfile = '/run/p'\nwsgi_app = 'blog:app'\numask = 0o007\n",
	 "bind=127.0.0.1:8000 workers=3 timeout=30 preload=true umask=0007 pid=/run/p env=A=1 "
	 "env=B=2 access-logfile=- error-logfile=/var/log/e log-level=debug app=blog:app"},
};

START_TEST(a_file_is_read)
{
	given_the_file(good[_i].text);
	ck_assert_msg(when_parsed("") == 0, "%s: %s", good[_i].claim, err.text);
	ck_assert_msg(strcmp(seen(&options), good[_i].seen) == 0, "%s: %s", good[_i].claim,
		      seen(&options));
}
END_TEST

static const struct {
	const char *text, *words;
} bad[] = {
	{"import os\n", "1: 'import os' is not NAME = VALUE"},
	{"\n\n= 3\n", "3: '= 3' is not NAME = VALUE"},
	{"workers 3\n", "1: 'workers 3' is not NAME = VALUE"},
	{"wokers = 3\n", "1: no option wokers: see wsgi-fcgi --help"},
	{"root = /\n", "1: no option root: see wsgi-fcgi --help"},
	{"zygote = 1\n", "1: no option zygote: see wsgi-fcgi --help"},
	{"config = x\n", "1: config can stand on the command line only"},
	{"# a\nworkers = many # cores\n", "2: workers wants a number from 1 to 1024, not 'many'"},
	{"workers = cpu_count() * 2\n",
	 "1: workers wants a number from 1 to 1024, not 'cpu_count() * 2'"},
	{"workers =\n", "1: workers wants a number from 1 to 1024 behind the '='"},
	{"workers = # 3\n", "1: workers wants a number from 1 to 1024 behind the '='"},
	{"workers =# 3\n", "1: workers wants a number from 1 to 1024 behind the '='"},
	{"user = ''\n", "1: user wants USER, not ''"},
	{"application = ''\n", "1: application wants its name, not ''"},
	{"application =\n", "1: application wants a name behind the '='"},
	{"preload = maybe\n", "1: preload wants true or false, not 'maybe'"},
	{"user = 'a\n", "1: a ' is missing at the end"},
	{"user = \"a\\\"", "1: a \" is missing at the end"},
	{"user = 'a' b\n", "1: 'b' stands behind the value"},
	{"user = ['a']\n", "1: user takes one value, and no list"},
	{"bind = ['a' 'b']\n", "1: in the list of bind a ',' or a ']' is to stand"},
	{"bind = ['a',\n b]\n", "2: in the list of bind a quoted value or a ']' is to stand"},
	{"bind = ['a',\n\n", "3: in the list of bind a quoted value or a ']' is to stand"},
	{"bind = ['a'] x\n", "1: 'x' stands behind the value"},
	{"bind = ['']\n", "1: bind wants ADDRESS, not ''"},
	{"workers = 1\nuser = a\nworkers = 2\n", "3: workers stands in line 1 already"},
	{"application = a\nwsgi_app = b\n", "2: application stands in line 1 already"},
	{"[other]\n", "1: '[other]': there is no section but [wsgi-fcgi]"},
	{"[wsgi-fcgi] x\n", "1: 'x' stands behind the value"},
	{"env = A\n", "1: env wants NAME=VALUE, not 'A'"},
};

START_TEST(a_wrong_line_is_named_with_its_file_and_number)
{
	size_t len;

	given_the_file(bad[_i].text);
	ck_assert_int_eq(when_parsed(""), -EINVAL);
	len = strlen(path);
	ck_assert_msg(strncmp(err.text, path, len) == 0 && err.text[len] == ':', "%s", err.text);
	ck_assert_str_eq(err.text + len + 1, bad[_i].words);
}
END_TEST

START_TEST(the_command_line_counts_more_than_the_file)
{
	given_the_file("workers = 4\nuser = a\nbind = [':1', ':2']\nenv = 'A=1'\n"
		       "application = 'blog:app'\n");
	ck_assert_int_eq(when_parsed("-w 2 -b :3 -b :4 shop:app"), 0);
	ck_assert_str_eq(seen(&options), "bind=:3 bind=:4 workers=2 user=a env=A=1 app=shop:app");
}
END_TEST

START_TEST(rules_are_asked_about_both_together)
{
	given_the_file("pm = dynamic\nmin_spare_servers = 4\n");
	ck_assert_int_eq(when_parsed("-w 3"), -EINVAL);
	ck_assert_str_eq(err.text, "--min-spare-servers 4 is more than --workers 3");
}
END_TEST

START_TEST(what_is_no_text_is_refused)
{
	FILE *f = fopen(path, "w");

	ck_assert_uint_eq(fwrite("workers\0= 3\n", 1, 12, f), 12);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(when_parsed(""), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "it has a NUL in it, and is no text"));
}
END_TEST

START_TEST(what_is_no_file_or_too_large_a_one_is_refused)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(when_parsed(""), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "it is a folder: name a file in it"));
	ck_assert_int_eq(rmdir(path), 0);
	given_the_file("");
	ck_assert_int_eq(truncate(path, WSGI_CONFIG_MAX + 1), 0);
	ck_assert_int_eq(when_parsed(""), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "it is longer than 1 MiB"));
}
END_TEST

static void when_read_again(void)
{
	wsgi_options_finish(&again);
	ck_assert_msg(wsgi_options_again(&again, &options, &err) == 0, "%s", err.text);
}

START_TEST(it_is_read_again_as_it_is_then)
{
	given_the_file("workers = 4\n");
	ck_assert_int_eq(when_parsed("-b :1 demo"), 0);
	given_the_file("workers = 5\nuser = b\n");
	when_read_again();
	ck_assert_uint_eq(again.workers, 5);
	ck_assert_str_eq(again.user, "b");
	ck_assert_str_eq(again.application, "demo");
	ck_assert_uint_eq(options.workers, 4);
	ck_assert_ptr_null(options.user);
}
END_TEST

START_TEST(relative_names_count_from_where_it_was_started)
{
	char *old = getcwd(NULL, 0), full[80];

	ck_assert_int_eq(chdir(dir), 0);
	strcpy(path, "conf");
	given_the_file("workers = 4\nchdir = sub\n");
	ck_assert_int_eq(when_parsed(""), 0);
	ck_assert_str_eq(options.start_dir, dir);
	ck_assert_int_eq(chdir("/"), 0);
	when_read_again();
	snprintf(full, sizeof(full), "%s/sub", dir);
	ck_assert_str_eq(again.chdir, full);
	ck_assert_int_eq(chdir(dir), 0);
	given_the_file("workers = 5\n");
	ck_assert_int_eq(chdir("/"), 0);
	when_read_again();
	ck_assert_str_eq(again.chdir, dir);
	ck_assert_str_eq(again.start_dir, dir);
	snprintf(path, sizeof(path), "%s/conf", dir);
	ck_assert_int_eq(chdir(old), 0);
	free(old);
}
END_TEST

static const char *const written[] = {
	"",
	"demo",
	"-b unix:/a -b [::1]:0 -w 7 --threads 3 --pm dynamic --start-servers 3 blog:app",
	"--pm ondemand --process-idle-timeout 0.5 -t 1.005 --slow 1 --max-memory 3M -e A=1 -e "
	"B='\"",
	"-b unix:/a --listen-mode 0600 -m 0 --preload --validate --log-level debug -u root --iis",
	"--access-logformat %(h)s\"'\\ --max-requests 9 --max-requests-jitter 3 --script-name /x",
	"--emergency-restart-threshold 3 --emergency-restart-interval 7 --reload "
	"--reload-extra-file a",
};

START_TEST(what_is_written_is_read_as_the_same)
{
	char first[4000], *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	given_the_file("env = 'X=a # b'\nenv = \"Y=1\\n2\\\\3\"\n");
	ck_assert_msg(when_parsed(written[_i]) == 0, "%s", err.text);
	snprintf(first, sizeof(first), "%s", seen(&options));
	ck_assert_int_eq(wsgi_config_write(&options, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	given_the_file(text);
	ck_assert_msg(when_parsed("") == 0, "%s\n%s", err.text, text);
	ck_assert_str_eq(seen(&options), first);
	free(text);
}
END_TEST

START_TEST(every_option_is_written_those_without_a_value_as_comments)
{
	const struct wsgi_option *option;
	char *text = NULL, name[64];
	size_t len;
	FILE *f = open_memstream(&text, &len);

	given_the_file("");
	ck_assert_int_eq(when_parsed("-w 3"), 0);
	ck_assert_int_eq(wsgi_config_write(&options, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	for (size_t i = 0; (option = wsgi_option_at(i)) != NULL; i++) {
		bool is_there, is_to_be;

		snprintf(name, sizeof(name), "\n%s%s = ",
			 wsgi_option_values(&options, option) > 0 &&
					 wsgi_option_idle(&options, option) == NULL
				 ? ""
				 : "#",
			 option->name);
		is_there = strstr(text, name) != NULL;
		is_to_be = (wsgi_option_takers(option->name) & WSGI_GATEWAY_FCGI) != 0 &&
			   option->help != NULL && option->group != WSGI_OPTION_ASKED;
		ck_assert_msg(is_there == is_to_be, "%s", name);
	}
	ck_assert_ptr_nonnull(strstr(text, "\nworkers = 3\n"));
	ck_assert_ptr_nonnull(strstr(text, "\n#script-name = /PATH\n"));
	ck_assert_ptr_nonnull(strstr(text, "\n#start-servers = N\n"));
	ck_assert_ptr_nonnull(strstr(text, "\n#process-idle-timeout = 10\n"));
	ck_assert_ptr_nonnull(strstr(text, "\ngraceful-timeout = 30\n"));
	free(text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config");
	TCase *tc = tcase_create("config");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_folder, tear_down);
	tcase_add_loop_test(tc, a_file_is_read, 0, LEN(good));
	tcase_add_loop_test(tc, a_wrong_line_is_named_with_its_file_and_number, 0, LEN(bad));
	tcase_add_test(tc, the_command_line_counts_more_than_the_file);
	tcase_add_test(tc, rules_are_asked_about_both_together);
	tcase_add_test(tc, what_is_no_text_is_refused);
	tcase_add_test(tc, what_is_no_file_or_too_large_a_one_is_refused);
	tcase_add_test(tc, it_is_read_again_as_it_is_then);
	tcase_add_test(tc, relative_names_count_from_where_it_was_started);
	tcase_add_loop_test(tc, what_is_written_is_read_as_the_same, 0, LEN(written));
	tcase_add_test(tc, every_option_is_written_those_without_a_value_as_comments);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
