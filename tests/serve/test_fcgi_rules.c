#include <check.h>
#include <errno.h>
#include <string.h>

#include "serve/fcgi_rules.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

enum { MAX_WORDS = 32 };

static struct wsgi_options options;
static struct wsgi_error err;

static void tear_down(void)
{
	wsgi_options_finish(&options);
}

static int when_parsed(const char *text)
{
	static char line[400], *words[MAX_WORDS];
	int rc, len = 0;

	snprintf(line, sizeof(line), "argv0 %s", text);
	for (char *w = strtok(line, " "); w != NULL; w = strtok(NULL, " "))
		words[len++] = w;
	words[len] = NULL;
	rc = wsgi_options_parse(&options, WSGI_GATEWAY_FCGI, len, words, &err);
	return rc == 0 ? wsgi_fcgi_rules_apply(&options, &err) : rc;
}

static const struct {
	const char *line;
	unsigned start, min, max;
} dynamic[] = {
	{"--pm dynamic -w 5", 2, 1, 3}, /* as PHP-FPM ships it */
	{"--pm dynamic", 1, 1, 1},
	{"--pm dynamic -w 2", 1, 1, 1},
	{"--pm dynamic -w 100", 25, 1, 50},
	{"--pm dynamic -w 20 --min-spare-servers 4", 8, 4, 12},
	{"--pm dynamic -w 20 --max-spare-servers 7", 4, 1, 7},
	{"--pm dynamic -w 20 --min-spare-servers 5 --max-spare-servers 10", 7, 5, 10},
	{"--pm dynamic -w 20 --max-spare-servers 10 --start-servers 10", 10, 1, 10},
	{"--pm dynamic -w 4 --min-spare-servers 4", 4, 4, 4},
	{"--pm static -w 4", 0, 0, 0},
};

START_TEST(what_dynamic_is_not_told_follows_from_what_it_is_told)
{
	ck_assert_msg(when_parsed(dynamic[_i].line) == 0, "%s", err.text);
	ck_assert_uint_eq(options.start_servers, dynamic[_i].start);
	ck_assert_uint_eq(options.min_spare_servers, dynamic[_i].min);
	ck_assert_uint_eq(options.max_spare_servers, dynamic[_i].max);
}
END_TEST

static const struct {
	const char *line, *words;
} bad[] = {
	{"--pm dynamic -w 9 --min-spare-servers 4 --max-spare-servers 3",
	 "--min-spare-servers 4 is more than --max-spare-servers 3"},
	{"--pm dynamic -w 4 --max-spare-servers 5",
	 "--max-spare-servers 5 is more than --workers 4"},
	{"--pm dynamic -w 4 --min-spare-servers 5",
	 "--min-spare-servers 5 is more than --workers 4"},
	{"--pm dynamic -w 9 --min-spare-servers 2 --max-spare-servers 3 --start-servers 4",
	 "--start-servers 4 is not between --min-spare-servers 2 and --max-spare-servers 3"},
	{"--pm dynamic -w 9 --min-spare-servers 2 --max-spare-servers 3 --start-servers 1",
	 "--start-servers 1 is not between --min-spare-servers 2 and --max-spare-servers 3"},
	{"--pm ondemand --process-idle-timeout 0",
	 "--process-idle-timeout 0 ends each worker at once: give it more"},
	{"--emergency-restart-threshold 3 --emergency-restart-interval 0",
	 "--emergency-restart-threshold needs an interval that is not 0"},
	{"--timeout 5 --slow 5", "--slow never comes before --timeout: give it fewer seconds"},
	{"--reload --preload", "--reload and --preload cannot both be: what is loaded once is not "
			       "loaded again"},
	{"--status-path /s --ping-path /s", "--status-path and --ping-path are the same: '/s'"},
	{"--access-logformat %(y)s", "--access-logformat: there is no atom %(y)s"},
	{"--allowed-clients 10.0.0.0/8,web1", "--allowed-clients: 'web1' is neither"},
};

START_TEST(what_contradicts_itself_is_refused_in_one_line)
{
	ck_assert_int_eq(when_parsed(bad[_i].line), -EINVAL);
	ck_assert_msg(strncmp(err.text, bad[_i].words, strlen(bad[_i].words)) == 0, "%s", err.text);
}
END_TEST

static const char *const good[] = {
	"--timeout 5 --slow 4.9",
	"--slow 100",
	"--allowed-clients 127.0.0.1,fd00::/8",
	"--access-logformat json",
};

START_TEST(what_goes_together_is_taken)
{
	ck_assert_msg(when_parsed(good[_i]) == 0, "%s: %s", good[_i], err.text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fcgi_rules");
	TCase *tc = tcase_create("rules");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_loop_test(tc, what_dynamic_is_not_told_follows_from_what_it_is_told, 0,
			    LEN(dynamic));
	tcase_add_loop_test(tc, what_contradicts_itself_is_refused_in_one_line, 0, LEN(bad));
	tcase_add_loop_test(tc, what_goes_together_is_taken, 0, LEN(good));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
