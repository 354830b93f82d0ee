#include <check.h>
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "serve/options.h"

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
	int len = 0;

	snprintf(line, sizeof(line), "argv0 %s", text);
	for (char *w = strtok(line, " "); w != NULL; w = strtok(NULL, " "))
		words[len++] = w;
	words[len] = NULL;
	return wsgi_options_parse(&options, WSGI_GATEWAY_FCGI, len, words, &err);
}

static const struct {
	const char *line, *words;
} bad[] = {
	{"--start-servers 2",
	 "--start-servers is for --pm=dynamic, which is not given: give both or none"},
	{"--pm ondemand --max-spare-servers 2",
	 "--max-spare-servers is for --pm=dynamic, which is not given: give both or none"},
	{"--process-idle-timeout 3",
	 "--process-idle-timeout is for --pm=ondemand, which is not given: give both or none"},
	{"--max-requests-jitter 3",
	 "--max-requests-jitter is for --max-requests, which is not given: give both or none"},
	{"--emergency-restart-interval 3",
	 "--emergency-restart-interval is for --emergency-restart-threshold, which is not given: "
	 "give both or none"},
	{"-b 127.0.0.1:0 --listen-mode 600",
	 "--listen-mode is for --bind=unix:PATH, which is not given: give both or none"},
	{"--reload-extra-file a",
	 "--reload-extra-file is for --reload, which is not given: give both or none"},
};

START_TEST(what_lacks_another_option_is_refused_in_one_line)
{
	ck_assert_int_eq(when_parsed(bad[_i].line), -EINVAL);
	ck_assert_msg(strncmp(err.text, bad[_i].words, strlen(bad[_i].words)) == 0, "%s", err.text);
}
END_TEST

static const char *const good[] = {
	/* the first two say what it is anyway */
	"--max-requests-jitter 0",         "--process-idle-timeout 10",
	"--emergency-restart-threshold 3", "-b 127.0.0.1:0 -b unix:/s --listen-owner root",
	"--reload --reload-extra-file a",
};

START_TEST(what_has_it_or_says_nothing_new_is_taken)
{
	ck_assert_msg(when_parsed(good[_i]) == 0, "%s: %s", good[_i], err.text);
}
END_TEST

START_TEST(critical_is_gunicorns_word_for_our_highest_level)
{
	ck_assert_int_eq(when_parsed("--log-level critical"), 0);
	ck_assert_uint_eq(options.log_level, WSGI_LOG_ERROR);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("option_rules");
	TCase *tc = tcase_create("rules");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_loop_test(tc, what_lacks_another_option_is_refused_in_one_line, 0, LEN(bad));
	tcase_add_loop_test(tc, what_has_it_or_says_nothing_new_is_taken, 0, LEN(good));
	tcase_add_test(tc, critical_is_gunicorns_word_for_our_highest_level);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
