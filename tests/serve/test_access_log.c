#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "serve/access_log.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_environ env;
static struct wsgi_handler handler;
static struct wsgi_access_log *access_log;
static struct wsgi_access_log_facts facts;
static struct wsgi_error err;
static int ends[2];
static char got[200000];

/* 22 November 2026, 14:00:01.500000 in UTC is when the request began. */
static void given_a_request(void)
{
	static const char *const vars[][2] = {
		{"REMOTE_ADDR", "192.0.2.7"},
		{"REQUEST_METHOD", "GET"},
		{"REQUEST_URI", "/shop/a%20b?x=1"},
		{"SCRIPT_NAME", "/shop"},
		{"PATH_INFO", "/a b"},
		{"QUERY_STRING", "x=1"},
		{"SERVER_PROTOCOL", "HTTP/1.1"},
		{"HTTP_USER_AGENT", "curl/8"},
		{"HTTP_X_TRACE", "t1"},
		{"CONTENT_TYPE", "text/plain"},
		{"myapp.Name", "n"},
	};

	setenv("TZ", "UTC", 1);
	tzset();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
	wsgi_environ_init(&env);
	for (int i = 0; i < LEN(vars); i++)
		ck_assert_int_eq(wsgi_environ_set(&env, vars[i][0], vars[i][1]), 0);
	handler = (struct wsgi_handler){.bytes_sent = 1234};
	wsgi_headers_init(&handler.headers);
	wsgi_buf_adds(&handler.status, "200 OK");
	wsgi_headers_add(&handler.headers, "Set-Cookie", "a=1");
	wsgi_headers_add(&handler.headers, "set-cookie", "b=2");
	facts = (struct wsgi_access_log_facts){.env = &env,
					       .handler = &handler,
					       .began_at_us = INT64_C(1795356001500000),
					       .took_us = 2012345};
	access_log = NULL;
}

static void tear_down(void)
{
	wsgi_access_log_destroy(access_log);
	wsgi_environ_finish(&env);
	wsgi_headers_finish(&handler.headers);
	wsgi_buf_finish(&handler.status);
	close(ends[0]);
	close(ends[1]);
}

static void given_the_format(const char *format)
{
	ck_assert_msg(wsgi_access_log_create(&access_log, format, ends[1], &err) == 0, "%s",
		      err.text);
}

/* The next write, without its newline. */
static const char *written(void)
{
	ssize_t n = read(ends[0], got, sizeof(got) - 1);

	got[n > 0 ? n : 0] = '\0';
	if (n > 0 && got[n - 1] == '\n')
		got[n - 1] = '\0';
	return got;
}

static const char *line_of(const char *format)
{
	given_the_format(format);
	wsgi_access_log_write(access_log, &facts);
	return written();
}

static const struct {
	const char *format, *line;
} atoms[] = {
	{NULL, "192.0.2.7 - - [22/Nov/2026:14:00:03 +0000] \"GET /shop/a%20b?x=1 HTTP/1.1\" 200 "
	       "1234 \"-\" \"curl/8\""},
	{"", ""},
	{"plain %% text", "plain % text"},
	{"%%(h)s", "%(h)s"},
	{"%(h)s|%(l)s|%(u)s", "192.0.2.7|-|-"},
	{"%(t)s", "[22/Nov/2026:14:00:03 +0000]"},
	{"%(r)s", "GET /shop/a%20b?x=1 HTTP/1.1"},
	{"%(m)s %(U)s %(q)s %(H)s", "GET /a b x=1 HTTP/1.1"},
	{"%(s)s %(b)s %(B)s %(B)d", "200 1234 1234 1234"},
	{"%(f)s %(a)s", "- curl/8"},
	{"%(T)s %(M)s %(D)d %(L)s", "2 2012 2012345 2.012345"},
	{"%({user-agent}i)s %({X-TRACE}i)s", "curl/8 t1"},
	{"%({Content-Type}i)s %({Content-Length}i)s", "text/plain -"},
	{"%({SET-COOKIE}o)s %({x}o)s", "b=2 -"},
	{"%({path_info}e)s %({MYAPP.NAME}e)s %({nothing}e)s", "/a b n -"},
};

START_TEST(atoms_are_gunicorns)
{
	ck_assert_str_eq(line_of(atoms[_i].format), atoms[_i].line);
}
END_TEST

START_TEST(the_process_is_the_one_that_writes)
{
	char pid[32];

	snprintf(pid, sizeof(pid), "<%d>", (int)getpid());
	ck_assert_str_eq(line_of("%(p)s"), pid);
}
END_TEST

START_TEST(what_is_missing_is_a_hyphen)
{
	wsgi_environ_clear(&env);
	handler.status.len = 0;
	ck_assert_str_eq(line_of("%(h)s %(u)s %(m)s %(U)s %(q)s %(H)s %(f)s %(a)s %(s)s"),
			 "- - - - - - - - -");
}
END_TEST

START_TEST(a_target_that_the_front_end_does_not_say_is_made_of_its_parts)
{
	wsgi_environ_delete(&env, "REQUEST_URI");
	ck_assert_str_eq(line_of("%(r)s"), "GET /shop/a b?x=1 HTTP/1.1");
}
END_TEST

START_TEST(a_body_that_was_not_sent_has_no_bytes)
{
	handler.no_body = true;
	ck_assert_str_eq(line_of("%(b)s"), "0");
}
END_TEST

static const struct {
	const char *name, *value, *user;
} users[] = {
	{"REMOTE_USER", "eve", "eve"},
	{"REMOTE_USER", "", "-"},
	{"HTTP_AUTHORIZATION", "Basic YW5uOnNlY3JldA==", "ann"}, /* ann:secret */
	{"HTTP_AUTHORIZATION", "basic Ym9i", "bob"},
	{"HTTP_AUTHORIZATION", "Basic Onh5", "-"}, /* :xy */
	{"HTTP_AUTHORIZATION", "Basic", "-"},
	{"HTTP_AUTHORIZATION", "Bearer YW5uOnNlY3JldA==", "-"},
	{"HTTP_AUTHORIZATION", "Basic !!!", "-"},
	{"HTTP_AUTHORIZATION", "Basic YSIKYg==", "a\\\"\\x0ab"}, /* a"\nb */
};

START_TEST(the_user_is_the_front_ends_or_who_it_says_it_is)
{
	wsgi_environ_set(&env, users[_i].name, users[_i].value);
	ck_assert_str_eq(line_of("%(u)s"), users[_i].user);
}
END_TEST

static const struct {
	const char *bytes, *text, *json;
} hostile[] = {
	{"plain", "plain", "plain"},
	{"a\"b\\c", "a\\\"b\\\\c", "a\\\"b\\\\c"},
	{"a\r\n127.0.0.1 - - forged", "a\\x0d\\x0a127.0.0.1 - - forged",
	 "a\\u000d\\u000a127.0.0.1 - - forged"},
	{"\x1b[2J\x7f", "\\x1b[2J\\x7f", "\\u001b[2J\\u007f"},
	{"caf\xc3\xa9", "caf\\xc3\\xa9", "caf\xc3\xa9"},
	{"\xe2\x82\xac\xf0\x9f\x98\x80", "\\xe2\\x82\\xac\\xf0\\x9f\\x98\\x80",
	 "\xe2\x82\xac\xf0\x9f\x98\x80"},
	/* No UTF-8: alone, cut off, too long a form, a surrogate, above the last one. */
	{"\xff\x80", "\\xff\\x80", "\\u00ff\\u0080"},
	{"\xe2\x82", "\\xe2\\x82", "\\u00e2\\u0082"},
	{"\xc0\xaf", "\\xc0\\xaf", "\\u00c0\\u00af"},
	{"\xe0\x80\xaf", "\\xe0\\x80\\xaf", "\\u00e0\\u0080\\u00af"},
	{"\xed\xa0\x80", "\\xed\\xa0\\x80", "\\u00ed\\u00a0\\u0080"},
	{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\u00f4\\u0090\\u0080\\u0080"},
};

START_TEST(no_client_can_forge_a_line)
{
	wsgi_environ_set(&env, "HTTP_USER_AGENT", hostile[_i].bytes);
	ck_assert_str_eq(line_of("%(a)s"), hostile[_i].text);
}
END_TEST

START_TEST(json_is_valid_whatever_the_bytes)
{
	char member[100];

	wsgi_environ_set(&env, "HTTP_USER_AGENT", hostile[_i].bytes);
	snprintf(member, sizeof(member), "\"user_agent\":\"%s\",", hostile[_i].json);
	ck_assert_msg(strstr(line_of("json"), member) != NULL, "%s", got);
}
END_TEST

START_TEST(json_has_the_same_facts_by_name)
{
	char line[600];

	snprintf(line, sizeof(line),
		 "{\"time\":\"2026-11-22T14:00:03.512345+00:00\",\"pid\":%d,"
		 "\"remote_addr\":\"192.0.2.7\",\"method\":\"GET\",\"host\":null,"
		 "\"path\":\"/a b\",\"query\":\"x=1\",\"protocol\":\"HTTP/1.1\",\"referer\":null,"
		 "\"user_agent\":\"curl/8\",\"uri\":\"/shop/a%%20b?x=1\",\"user\":null,"
		 "\"status\":200,\"bytes\":1234,\"seconds\":2.012345}",
		 (int)getpid());
	ck_assert_str_eq(line_of("json"), line);
}
END_TEST

static const struct {
	const char *tz, *text;
} zones[] = {
	{"UTC", "[22/Nov/2026:14:00:03 +0000]"},
	{"XXX-5:30", "[22/Nov/2026:19:30:03 +0530]"},
	{"XXX3:30", "[22/Nov/2026:10:30:03 -0330]"},
	{"XXX0:30", "[22/Nov/2026:13:30:03 -0030]"},
};

START_TEST(the_time_is_local)
{
	setenv("TZ", zones[_i].tz, 1);
	tzset();
	ck_assert_str_eq(line_of("%(t)s"), zones[_i].text);
}
END_TEST

START_TEST(the_next_second_is_seen)
{
	ck_assert_str_eq(line_of("%(t)s"), "[22/Nov/2026:14:00:03 +0000]");
	facts.took_us += 1000000;
	wsgi_access_log_write(access_log, &facts);
	ck_assert_str_eq(written(), "[22/Nov/2026:14:00:04 +0000]");
}
END_TEST

START_TEST(a_long_line_is_one_write_too)
{
	char *agent = calloc(1, 60001);

	memset(agent, 'x', 60000);
	wsgi_environ_set(&env, "HTTP_USER_AGENT", agent);
	line_of("<%(a)s>");
	ck_assert_uint_eq(strlen(got), 60002);
	ck_assert_int_eq(strncmp(got, "<xxx", 4), 0);
	ck_assert_str_eq(got + 60000, "x>");
	ck_assert_str_eq(written(), "");
	free(agent);
}
END_TEST

static const struct {
	const char *format, *words;
} bad[] = {
	{"%(y)s", "--access-logformat: there is no atom %(y)s"},
	{"a %(hh)s b", "--access-logformat: there is no atom %(hh)s"},
	{"%()s", "--access-logformat: there is no atom %()s"},
	{"%({x}z)s", "--access-logformat: there is no atom %({x}z)s"},
	{"%({}i)s", "--access-logformat: there is no atom %({}i)s"},
	{"%h", "--access-logformat: there is no atom %h: it is to be as %(h)s, and a '%' is %%"},
	{"100%", "--access-logformat: there is no atom %: it is to be as %(h)s, and a '%' is %%"},
	{"%(h", "--access-logformat: there is no atom %(h: it is to be as %(h)s, and a '%' is %%"},
	{"%(h)x",
	 "--access-logformat: there is no atom %(h)x: it is to be as %(h)s, and a '%' is %%"},
	{"%(h)d", "--access-logformat: there is no atom %(h)d: it is no number, write s for d"},
};

START_TEST(an_atom_that_there_is_not_is_refused)
{
	ck_assert_int_eq(wsgi_access_log_create(&access_log, bad[_i].format, 2, &err), -EINVAL);
	ck_assert_str_eq(err.text, bad[_i].words);
	ck_assert_ptr_null(access_log);
}
END_TEST

static void when_the_disk_is_full(int fd, unsigned lines)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), old = dup(fd);

	ck_assert_int_ge(full, 0);
	ck_assert_int_ge(dup2(full, fd), 0);
	for (unsigned i = 0; i < lines; i++)
		wsgi_access_log_write(access_log, &facts);
	ck_assert_int_ge(dup2(old, fd), 0);
	close(full);
	close(old);
}

static const struct {
	const char *format, *note;
} lost[] = {
	{"%(m)s", "lost: 3 lines: No space left on device\nGET"},
	{"json", "{\"lost\":3,\"why\":\"No space left on device\"}\n{\"time\":"},
};

START_TEST(lines_that_a_full_disk_loses_are_counted_and_said_once)
{
	given_the_format(lost[_i].format);
	when_the_disk_is_full(ends[1], 3);
	wsgi_access_log_write(access_log, &facts);
	ck_assert_int_eq(strncmp(written(), lost[_i].note, strlen(lost[_i].note)), 0);
	wsgi_access_log_write(access_log, &facts);
	ck_assert_ptr_null(strstr(written(), "lost"));
}
END_TEST

START_TEST(a_line_that_was_cut_off_is_ended_before_the_next)
{
	char path[] = "/tmp/wsgi-access-XXXXXX", text[100] = "";
	struct rlimit limit;
	int fd = mkostemp(path, O_APPEND | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(wsgi_access_log_create(&access_log, "%(a)s", fd, &err), 0);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	wsgi_access_log_write(access_log, &facts);
	wsgi_access_log_write(access_log, &facts);
	limit.rlim_cur += strlen("\nlost: 2 lines: File too large\n") + 2;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	wsgi_access_log_write(access_log, &facts);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	wsgi_access_log_write(access_log, &facts);
	ck_assert_int_gt(pread(fd, text, sizeof(text) - 1, 0), 0);
	ck_assert_str_eq(text, "cur\nlost: 2 lines: File too large\n"
			       "cu\nlost: 1 lines: No space left on device\ncurl/8\n");
	close(fd);
}
END_TEST

START_TEST(errno_is_the_same_after_a_line)
{
	given_the_format("%(h)s");
	close(ends[1]);
	errno = ENOENT;
	wsgi_access_log_write(access_log, &facts);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("access_log");
	TCase *tc = tcase_create("access_log");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_request, tear_down);
	tcase_add_loop_test(tc, atoms_are_gunicorns, 0, LEN(atoms));
	tcase_add_test(tc, the_process_is_the_one_that_writes);
	tcase_add_test(tc, what_is_missing_is_a_hyphen);
	tcase_add_test(tc, a_target_that_the_front_end_does_not_say_is_made_of_its_parts);
	tcase_add_test(tc, a_body_that_was_not_sent_has_no_bytes);
	tcase_add_loop_test(tc, the_user_is_the_front_ends_or_who_it_says_it_is, 0, LEN(users));
	tcase_add_loop_test(tc, no_client_can_forge_a_line, 0, LEN(hostile));
	tcase_add_loop_test(tc, json_is_valid_whatever_the_bytes, 0, LEN(hostile));
	tcase_add_test(tc, json_has_the_same_facts_by_name);
	tcase_add_loop_test(tc, the_time_is_local, 0, LEN(zones));
	tcase_add_test(tc, the_next_second_is_seen);
	tcase_add_test(tc, a_long_line_is_one_write_too);
	tcase_add_loop_test(tc, an_atom_that_there_is_not_is_refused, 0, LEN(bad));
	tcase_add_loop_test(tc, lines_that_a_full_disk_loses_are_counted_and_said_once, 0,
			    LEN(lost));
	tcase_add_test(tc, a_line_that_was_cut_off_is_ended_before_the_next);
	tcase_add_test(tc, errno_is_the_same_after_a_line);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
