#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "serve/status.h"
#include "serve/status_facts.h"
#include "wsgi/body.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

enum { PLACES = 4, THREADS = 2 };

static struct wsgi_board board;
static struct wsgi_status status;
static struct wsgi_environ env;
static struct wsgi_error err;

/* -- a server that keeps what it is told ------------------------------------------------------- */

static char answer_status[64];
static struct wsgi_buf answer_headers, answer;

static int respond(struct wsgi_start *start, const char *line, const struct wsgi_header *headers,
		   size_t n, const struct wsgi_error *exc)
{
	(void)start;
	(void)exc;
	snprintf(answer_status, sizeof(answer_status), "%s", line);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(wsgi_buf_addf(&answer_headers, "%s: %s\n", headers[i].name,
					       headers[i].value),
				 0);
	return 0;
}

static void when_called(struct wsgi_app *app)
{
	struct wsgi_start start = {.respond = respond};
	struct wsgi_body *body = NULL;
	const void *data;
	size_t len;

	answer.len = answer_headers.len = 0;
	ck_assert_int_eq(app->call(app, &env, &start, &body), 0);
	while (body->next(body, &data, &len) == 1)
		ck_assert_int_eq(wsgi_buf_add(&answer, data, len), 0);
	wsgi_body_close(body);
	ck_assert_int_eq(wsgi_buf_add(&answer, "", 1), 0);
	ck_assert_int_eq(wsgi_buf_add(&answer_headers, "", 1), 0);
}

static const char *when_asked(const char *query)
{
	ck_assert_int_eq(wsgi_environ_set(&env, "QUERY_STRING", query), 0);
	when_called(&status.app);
	ck_assert_str_eq(answer_status, "200 OK");
	return answer.data;
}

static void says(const char *part)
{
	if (strstr(answer.data, part) == NULL)
		ck_abort_msg("'%s' is not in:\n%.3000s", part, answer.data);
}

static void does_not_say(const char *part)
{
	if (strstr(answer.data, part) != NULL)
		ck_abort_msg("'%s' is in:\n%.3000s", part, answer.data);
}

/* -- a pool ------------------------------------------------------------------------------------ */

static const struct wsgi_board_request basket = {.method = "POST",
						 .uri = "/basket?n=3",
						 .script = "/srv/shop.py",
						 .user = "anna",
						 .content_length = "42"};

static void given_a_board(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	ck_assert_int_eq(wsgi_board_create(&board, PLACES, THREADS, &err), 0);
	strcpy(board.head->name, "shop");
	strcpy(board.head->pm, "dynamic");
	board.head->started_at = INT64_C(1700000000000);
	board.head->started_ms = wsgi_clock_ms() - 100000;
	wsgi_status_init(&status, &board);
	wsgi_environ_init(&env);
	ck_assert_int_eq(wsgi_environ_set(&env, "REQUEST_METHOD", "GET"), 0);
}

static void tear_down(void)
{
	wsgi_board_finish(&board);
	wsgi_environ_finish(&env);
	wsgi_buf_finish(&answer);
	wsgi_buf_finish(&answer_headers);
}

static struct wsgi_board_worker *worker(uint32_t place, enum wsgi_board_stage stage)
{
	struct wsgi_board_worker *w = wsgi_board_worker(&board, place);

	w->stage = stage;
	w->pid = 100 + (int)place;
	w->generation = 7;
	w->started_at = INT64_C(1700000050000);
	w->started_ms = wsgi_clock_ms() - 50000;
	return w;
}

static void begins(uint32_t place, uint32_t thread)
{
	wsgi_board_begin(wsgi_board_thread(&board, place, thread), &basket);
}

static void serves(uint32_t place, uint32_t thread)
{
	begins(place, thread);
	wsgi_board_end(wsgi_board_thread(&board, place, thread));
}

/* One worker that serves with one thread, one idle, one that starts. */
static void given_a_pool(void)
{
	struct wsgi_board_worker *w = worker(0, WSGI_BOARD_SERVING);

	w->connections = 5;
	w->accepted = 6;
	w->memory_bytes = 1000;
	serves(0, 0);
	begins(0, 1);
	worker(1, WSGI_BOARD_SERVING)->memory_bytes = 500;
	serves(1, 0);
	worker(3, WSGI_BOARD_STARTING);
	board.head->requests_before = 1000;
	board.head->accepted_before = 100;
	board.head->listen_queue = 3;
	board.head->max_listen_queue = 9;
	board.head->listen_queue_len = 128;
	board.head->max_active = 2;
	board.head->max_children_reached = 4;
	board.head->slow_requests = 5;
	board.head->generation = 7;
	board.head->reloads = 6;
	board.head->crashes = 8;
	board.head->timeouts = 11;
}

/* -- text -------------------------------------------------------------------------------------- */

static const char *const text_lines[] = {
	"pool:                 shop\nprocess manager:      dynamic\n"
	"start time:           14/Nov/2023:22:13:20 +0000\nstart since:          10",
	"\naccepted conn:        1002\nlisten queue:         3\nmax listen queue:     9\n"
	"listen queue len:     128\nidle processes:       1\nactive processes:     1\n"
	"total processes:      2\nmax active processes: 2\nmax children reached: 4\n"
	"slow requests:        5\n",
	"\nthreads:              2\nstarting processes:   1\nretiring processes:   0\n"
	"connections:          5\naccepted connections: 106\nmemory:               1500\n"
	"generation:           7\nreloads:              6\ncrashes:              8\n"
	"timeouts:             11\n",
};

START_TEST(text_has_php_fpms_lines_and_then_ours)
{
	given_a_pool();
	when_asked("");
	for (int i = 0; i < LEN(text_lines); i++)
		says(text_lines[i]);
	does_not_say("****");
}
END_TEST

START_TEST(full_text_has_a_block_for_each_thread)
{
	int blocks = 0;

	given_a_pool();
	when_asked("full");
	for (const char *c = answer.data; (c = strstr(c, "\n\n************************\npid:"));
	     c++)
		blocks++;
	ck_assert_int_eq(blocks, 5); /* two threads of two workers, and one that starts */
	says("\npid:                  100\nstate:                Running\n"
	     "start time:           14/Nov/2023:22:14:10 +0000\nstart since:          5");
	says("\nrequest method:       POST\nrequest URI:          /basket?n=3\n"
	     "content length:       42\nuser:                 anna\n"
	     "script:               /srv/shop.py\nlast request cpu:     0.00\n"
	     "last request memory:  0\nworker:               1\nthread:               2\n"
	     "generation:           7\nconnections:          5\nmemory:               1000\n");
	says("\nstate:                Idle\n");
	says("\nlast request memory:  500\n");
	says("\nstate:                Starting\n");
	says("\nrequest method:       -\nrequest URI:          -\n");
}
END_TEST

/* -- what is counted --------------------------------------------------------------------------- */

static const struct {
	const char *claim;
	enum wsgi_board_stage stage;
	int running;
	const char *line;
} counted[] = {
	{"an idle one", WSGI_BOARD_SERVING, 0,
	 "idle processes:       1\nactive processes:     0\ntotal processes:      1\n"},
	{"one with a request", WSGI_BOARD_SERVING, 1,
	 "idle processes:       0\nactive processes:     1\ntotal processes:      1\n"},
	{"one with two is one", WSGI_BOARD_SERVING, 2,
	 "idle processes:       0\nactive processes:     1\ntotal processes:      1\n"},
	{"one that ends and is still busy", WSGI_BOARD_RETIRING, 1,
	 "idle processes:       0\nactive processes:     1\ntotal processes:      1\n"},
	{"one that ends is of no use", WSGI_BOARD_RETIRING, 0,
	 "idle processes:       0\nactive processes:     0\ntotal processes:      0\n"},
	{"nor is one that starts", WSGI_BOARD_STARTING, 0,
	 "idle processes:       0\nactive processes:     0\ntotal processes:      0\n"},
	{"nor a place that is free", WSGI_BOARD_FREE, 1,
	 "idle processes:       0\nactive processes:     0\ntotal processes:      0\n"},
};

START_TEST(a_worker_counts_as_what_it_is_good_for)
{
	worker(2, counted[_i].stage);
	for (int t = 0; t < counted[_i].running; t++)
		begins(2, (uint32_t)t);
	when_asked("");
	says(counted[_i].line);
}
END_TEST

START_TEST(a_thread_is_in_the_state_that_its_worker_leaves_it)
{
	worker(0, WSGI_BOARD_RETIRING);
	begins(0, 1);
	when_asked("full");
	says("state:                Ending\n");
	says("state:                Running\n");
}
END_TEST

START_TEST(a_request_that_ended_has_its_duration_and_its_share_of_a_processor)
{
	struct wsgi_board_request counting = basket;
	struct wsgi_board_thread *t = wsgi_board_thread(&board, 0, 0);
	struct wsgi_status_facts facts;
	struct wsgi_status_row row = {0};
	int64_t until = wsgi_clock_ms() + 20;

	counting.cpu = true;
	worker(0, WSGI_BOARD_SERVING)->memory_bytes = 77;
	wsgi_board_begin(t, &counting);
	while (wsgi_clock_ms() < until)
		;
	wsgi_status_facts_read(&facts, &board);
	ck_assert(wsgi_status_row_next(&facts, &row));
	ck_assert(row.running);
	ck_assert_uint_ge(row.duration_us, 10000);
	ck_assert_uint_eq(row.last_memory_bytes, 0);
	wsgi_board_end(t);
	row = (struct wsgi_status_row){0};
	ck_assert(wsgi_status_row_next(&facts, &row));
	ck_assert(!row.running);
	ck_assert_uint_ge(row.duration_us, 10000);
	ck_assert(row.cpu_percent > 0 && row.cpu_percent < 150);
	ck_assert_uint_eq(row.last_memory_bytes, 77);
}
END_TEST

START_TEST(what_the_master_has_not_seen_yet_counts_among_the_most)
{
	worker(0, WSGI_BOARD_SERVING);
	begins(0, 0);
	board.head->listen_queue = 3;
	when_asked("");
	says("max active processes: 1\n");
	says("max listen queue:     3\n");
}
END_TEST

START_TEST(a_request_that_ends_while_it_is_read_has_ended)
{
	worker(0, WSGI_BOARD_SERVING);
	serves(0, 0);
	wsgi_board_thread(&board, 0, 0)->began_ms = wsgi_clock_ms();
	when_asked("full");
	does_not_say("Running");
}
END_TEST

/* -- JSON, XML --------------------------------------------------------------------------------- */

START_TEST(json_has_php_fpms_members_in_their_order)
{
	given_a_pool();
	when_asked("json");
	says("{\"pool\":\"shop\",\"process manager\":\"dynamic\",\"start time\":1700000000,"
	     "\"start since\":10");
	says("\"accepted conn\":1002,\"listen queue\":3,\"max listen queue\":9,"
	     "\"listen queue len\":128,\"idle processes\":1,\"active processes\":1,"
	     "\"total processes\":2,\"max active processes\":2,\"max children reached\":4,"
	     "\"slow requests\":5,\"threads\":2,");
	says("\"timeouts\":11}");
	does_not_say("processes\":[");
}
END_TEST

START_TEST(full_json_has_an_object_for_each_thread)
{
	given_a_pool();
	when_asked("json&full");
	says("\"timeouts\":11, \"processes\":[{\"pid\":100,\"state\":\"Idle\",\"start time\":"
	     "1700000050,\"start since\":5");
	says("\"request method\":\"POST\",\"request uri\":\"/basket?n=3\",\"content length\":42,"
	     "\"user\":\"anna\",\"script\":\"/srv/shop.py\",\"last request cpu\":0.00,"
	     "\"last request memory\":0,\"worker\":1,\"thread\":2,\"generation\":7,"
	     "\"connections\":5,\"memory\":1000},{\"pid\":101,");
	ck_assert_str_eq(answer.data + strlen(answer.data) - 3, "}]}");
}
END_TEST

START_TEST(xml_has_hyphens_in_place_of_blanks)
{
	given_a_pool();
	when_asked("xml&full");
	says("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<status>\n<pool>shop</pool>\n"
	     "<process-manager>dynamic</process-manager>\n<start-time>1700000000</start-time>\n");
	says("<processes>\n<process><pid>100</pid><state>Idle</state>");
	says("<request-uri>/basket?n=3</request-uri><content-length>42</content-length>");
	says("</process>\n</processes>\n</status>\n");
}
END_TEST

/* -- OpenMetrics ------------------------------------------------------------------------------- */

START_TEST(openmetrics_has_help_type_and_unit_before_each_metric)
{
	given_a_pool();
	when_asked("openmetrics");
	says("# TYPE wsgi_fcgi_pool info\n"
	     "wsgi_fcgi_pool_info{pool=\"shop\",process_manager=\"dynamic\"} 1\n");
	says("# TYPE wsgi_fcgi_accepted_connections counter\n"
	     "wsgi_fcgi_accepted_connections_total 1002\n");
	says("# TYPE wsgi_fcgi_active_processes gauge\nwsgi_fcgi_active_processes 1\n");
	says("# TYPE wsgi_fcgi_resident_memory_bytes gauge\n"
	     "# UNIT wsgi_fcgi_resident_memory_bytes bytes\n"
	     "wsgi_fcgi_resident_memory_bytes 1500\n");
	says("\nwsgi_fcgi_up 1\n");
	does_not_say("worker=");
	ck_assert_str_eq(answer.data + strlen(answer.data) - 6, "# EOF\n");
}
END_TEST

START_TEST(full_openmetrics_has_the_workers_own)
{
	given_a_pool();
	when_asked("full&openmetrics");
	says("# TYPE wsgi_fcgi_worker_requests counter\n"
	     "wsgi_fcgi_worker_requests_total{worker=\"1\",thread=\"1\"} 1\n"
	     "wsgi_fcgi_worker_requests_total{worker=\"1\",thread=\"2\"} 0\n");
	says("# TYPE wsgi_fcgi_worker_connections gauge\n"
	     "wsgi_fcgi_worker_connections{worker=\"1\"} 5\n"
	     "wsgi_fcgi_worker_connections{worker=\"2\"} 0\n"
	     "wsgi_fcgi_worker_connections{worker=\"4\"} 0\n");
	says("wsgi_fcgi_worker_resident_memory_bytes{worker=\"1\"} 1000\n"
	     "wsgi_fcgi_worker_resident_memory_bytes{worker=\"2\"} 500\n");
}
END_TEST

/* -- HTML -------------------------------------------------------------------------------------- */

START_TEST(html_has_a_row_for_each_thread)
{
	int rows = 0;

	given_a_pool();
	when_asked("html");
	for (const char *c = answer.data; (c = strstr(c, "<tr class=")) != NULL; c++)
		rows++;
	ck_assert_int_eq(rows, 5);
	says("<h1>shop</h1>");
	says("<b>POST</b> /basket?n=3");
	says("1&#8239;002");
}
END_TEST

START_TEST(html_lets_run_what_has_its_nonce_and_nothing_else)
{
	char nonce[33], first[33];
	const char *at;

	for (int i = 0; i < 2; i++) {
		char text[64];

		memcpy(first, nonce, sizeof(first));
		when_asked("html");
		at = strstr(answer_headers.data, "script-src 'nonce-");
		ck_assert_ptr_nonnull(at);
		memcpy(nonce, at + 18, 32);
		nonce[32] = '\0';
		ck_assert_uint_eq(strspn(nonce, "0123456789abcdef"), 32);
		snprintf(text, sizeof(text), "<script nonce=\"%s\">", nonce);
		says(text);
		snprintf(text, sizeof(text), "<style nonce=\"%s\">", nonce);
		says(text);
		ck_assert_ptr_nonnull(strstr(answer_headers.data, "default-src 'none'"));
	}
	ck_assert_str_ne(nonce, first);
}
END_TEST

START_TEST(html_needs_nothing_from_elsewhere)
{
	given_a_pool();
	when_asked("html");
	does_not_say("http:");
	does_not_say("https:");
	does_not_say("src=");
}
END_TEST

START_TEST(html_of_a_pool_without_workers_says_so)
{
	when_asked("html");
	says("There is none at the moment.");
	says("no worker serves");
}
END_TEST

/* -- what a client chose ----------------------------------------------------------------------- */

static const struct {
	const char *query, *said, *not_said;
} hostile[] = {
	{"html", "&lt;script&gt;&quot;&#39;&amp;\\x1b", "<script>\""},
	{"xml&full", "&lt;script&gt;&quot;&#39;&amp;\\x1b", "<script>\""},
	{"json&full", "<script>\\\"'&\\u001b\\u000a\xef\xbf\xbd\\\\", "\x1b"},
	{"full", "<script>\"'&\\x1b\\x0a\xef\xbf\xbd", "\x1b"},
};

START_TEST(a_uri_is_escaped_in_every_form)
{
	struct wsgi_board_request request = {.method = "<script>\"'&\x1b\n\xff\\",
					     .uri = "<script>\"'&\x1b\n\xff\\",
					     .user = "<script>\"'&\x1b\n\xff\\",
					     .script = "<script>\"'&\x1b\n\xff\\"};

	worker(0, WSGI_BOARD_SERVING);
	wsgi_board_begin(wsgi_board_thread(&board, 0, 0), &request);
	when_asked(hostile[_i].query);
	says(hostile[_i].said);
	does_not_say(hostile[_i].not_said);
	ck_assert_uint_eq(strlen(answer.data) + 1, answer.len);
}
END_TEST

START_TEST(the_pools_name_is_escaped_too)
{
	strcpy(board.head->name, "a\"\\\n\xff<b>");
	when_asked("openmetrics");
	says("{pool=\"a\\\"\\\\\\\\x0a\xef\xbf\xbd<b>\",");
	when_asked("html");
	does_not_say("<b>\"");
	says("a&quot;\\\n\xef\xbf\xbd&lt;b&gt;");
}
END_TEST

START_TEST(a_board_that_a_worker_has_overwritten_is_read_all_the_same)
{
	static const char *const queries[] = {"full", "json&full", "xml&full", "openmetrics&full",
					      "html"};

	memset(wsgi_board_worker(&board, 0), _i, 2000);
	wsgi_board_worker(&board, 0)->stage = WSGI_BOARD_SERVING;
	wsgi_board_worker(&board, 0)->started_ms = INT64_MIN;
	wsgi_board_worker(&board, 0)->started_at = INT64_MIN;
	wsgi_board_thread(&board, 0, 0)->began_ms = _i % 2 == 0 ? INT64_MIN : INT64_MAX;
	memset(board.head->name, _i, sizeof(board.head->name));
	memset(board.head->pm, _i, sizeof(board.head->pm));
	board.head->places = board.head->threads = UINT32_MAX;
	for (int i = 0; i < LEN(queries); i++)
		when_asked(queries[i]);
}
END_TEST

/* -- HTTP -------------------------------------------------------------------------------------- */

static const struct {
	const char *query, *type;
} types[] = {
	{"", "Content-Type: text/plain; charset=utf-8\n"},
	{"full", "Content-Type: text/plain; charset=utf-8\n"},
	{"json", "Content-Type: application/json\n"},
	{"full&json", "Content-Type: application/json\n"},
	{"json=1", "Content-Type: application/json\n"},
	{"jsonp", "Content-Type: text/plain; charset=utf-8\n"},
	{"xml", "Content-Type: text/xml; charset=utf-8\n"},
	{"html", "Content-Type: text/html; charset=utf-8\n"},
	{"json&html", "Content-Type: text/html; charset=utf-8\n"},
	{"html&json", "Content-Type: text/html; charset=utf-8\n"},
	{"json&xml&openmetrics", "Content-Type: text/xml; charset=utf-8\n"},
	{"openmetrics", "Content-Type: application/openmetrics-text; version=1.0.0; "
			"charset=utf-8\n"},
	{"&&x=%zz&openmetrics", "Content-Type: application/openmetrics-text; version=1.0.0; "
				"charset=utf-8\n"},
};

START_TEST(the_query_chooses_the_form)
{
	when_asked(types[_i].query);
	ck_assert_ptr_nonnull(strstr(answer_headers.data, types[_i].type));
	ck_assert_ptr_nonnull(strstr(answer_headers.data, "Cache-Control: no-cache, no-store"));
	ck_assert_ptr_nonnull(strstr(answer_headers.data, "Expires: Thu, 01 Jan 1970"));
}
END_TEST

START_TEST(other_methods_are_told_which_there_are)
{
	struct wsgi_app *apps[] = {&status.app, &status.ping, &status.health};

	worker(0, WSGI_BOARD_SERVING);
	ck_assert_int_eq(wsgi_environ_set(&env, "REQUEST_METHOD", "POST"), 0);
	when_called(apps[_i]);
	ck_assert_str_eq(answer_status, "405 Method Not Allowed");
	ck_assert_ptr_nonnull(strstr(answer_headers.data, "Allow: GET, HEAD\n"));
	ck_assert_int_eq(wsgi_environ_set(&env, "REQUEST_METHOD", "HEAD"), 0);
	when_called(apps[_i]);
	ck_assert_str_eq(answer_status, "200 OK");
}
END_TEST

START_TEST(a_ping_is_answered_pong)
{
	when_called(&status.ping);
	ck_assert_str_eq(answer_status, "200 OK");
	ck_assert_str_eq(answer.data, "pong");
	ck_assert_ptr_nonnull(strstr(answer_headers.data, "Cache-Control: no-cache"));
}
END_TEST

static const struct {
	const char *pm;
	enum wsgi_board_stage stage;
	bool stopping;
	const char *status, *text;
} checks[] = {
	{"static", WSGI_BOARD_SERVING, false, "200 OK", "pong"},
	{"static", WSGI_BOARD_SERVING, true, "503 Service Unavailable", "stopping"},
	{"static", WSGI_BOARD_STARTING, false, "503 Service Unavailable", "starting"},
	{"static", WSGI_BOARD_RETIRING, false, "503 Service Unavailable", "no worker serves"},
	{"static", WSGI_BOARD_FREE, false, "503 Service Unavailable", "no worker serves"},
	{"ondemand", WSGI_BOARD_FREE, false, "200 OK", "pong"},
	{"ondemand", WSGI_BOARD_FREE, true, "503 Service Unavailable", "stopping"},
};

START_TEST(a_health_check_is_sent_elsewhere_when_nobody_serves)
{
	strcpy(board.head->pm, checks[_i].pm);
	worker(1, checks[_i].stage);
	board.head->stopping = checks[_i].stopping;
	when_called(&status.health);
	ck_assert_str_eq(answer_status, checks[_i].status);
	ck_assert_str_eq(answer.data, checks[_i].text);
}
END_TEST

/* -- which ------------------------------------------------------------------------------------- */

static const struct {
	const char *script_name, *path_info, *status_path, *ping_path;
	int found; /* 0: neither; 1: the status; 2: the ping */
} paths[] = {
	{"", "/status", "/status", "/ping", 1},   {"", "/ping", "/status", "/ping", 2},
	{"/status", "", "/status", "/ping", 1},   {"/status", NULL, "/status", NULL, 1},
	{NULL, "/status", "/status", NULL, 1},    {"/app", "/status", "/app/status", NULL, 1},
	{"/app", "/status", "/status", NULL, 0},  {"", "/status/", "/status", NULL, 0},
	{"", "/statusx", "/status", NULL, 0},     {"", "/stat", "/status", NULL, 0},
	{"/status", "/x", "/status", "/ping", 0}, {"/ping/status", "", "/status", "/ping", 0},
	{"", "/status", NULL, NULL, 0},           {"", "", "/status", "/ping", 0},
	{NULL, NULL, "/status", "/ping", 0},      {"/abc", "/x", "/def/x", "/abd/x", 0},
};

START_TEST(a_path_is_asked_for_as_a_whole)
{
	struct wsgi_app *expected[] = {NULL, &status.app, &status.ping};

	if (paths[_i].script_name != NULL)
		wsgi_environ_set(&env, "SCRIPT_NAME", paths[_i].script_name);
	if (paths[_i].path_info != NULL)
		wsgi_environ_set(&env, "PATH_INFO", paths[_i].path_info);
	ck_assert_ptr_eq(
		wsgi_status_find(&status, &env, paths[_i].status_path, paths[_i].ping_path),
		expected[paths[_i].found]);
}
END_TEST

static TCase *forms(void)
{
	TCase *tc = tcase_create("forms");

	tcase_add_checked_fixture(tc, given_a_board, tear_down);
	tcase_add_test(tc, text_has_php_fpms_lines_and_then_ours);
	tcase_add_test(tc, full_text_has_a_block_for_each_thread);
	tcase_add_loop_test(tc, a_worker_counts_as_what_it_is_good_for, 0, LEN(counted));
	tcase_add_test(tc, a_thread_is_in_the_state_that_its_worker_leaves_it);
	tcase_add_test(tc, a_request_that_ended_has_its_duration_and_its_share_of_a_processor);
	tcase_add_test(tc, what_the_master_has_not_seen_yet_counts_among_the_most);
	tcase_add_test(tc, a_request_that_ends_while_it_is_read_has_ended);
	tcase_add_test(tc, json_has_php_fpms_members_in_their_order);
	tcase_add_test(tc, full_json_has_an_object_for_each_thread);
	tcase_add_test(tc, xml_has_hyphens_in_place_of_blanks);
	tcase_add_test(tc, openmetrics_has_help_type_and_unit_before_each_metric);
	tcase_add_test(tc, full_openmetrics_has_the_workers_own);
	tcase_add_test(tc, html_has_a_row_for_each_thread);
	tcase_add_test(tc, html_lets_run_what_has_its_nonce_and_nothing_else);
	tcase_add_test(tc, html_needs_nothing_from_elsewhere);
	tcase_add_test(tc, html_of_a_pool_without_workers_says_so);
	return tc;
}

static TCase *strangers(void)
{
	static const int bytes[] = {0, 1, 0x3c, 0x7f, 0x80, 0xff};
	TCase *tc = tcase_create("strangers");

	tcase_add_checked_fixture(tc, given_a_board, tear_down);
	tcase_add_loop_test(tc, a_uri_is_escaped_in_every_form, 0, LEN(hostile));
	tcase_add_test(tc, the_pools_name_is_escaped_too);
	for (int i = 0; i < LEN(bytes); i++)
		tcase_add_loop_test(tc, a_board_that_a_worker_has_overwritten_is_read_all_the_same,
				    bytes[i], bytes[i] + 1);
	return tc;
}

static TCase *http(void)
{
	TCase *tc = tcase_create("http");

	tcase_add_checked_fixture(tc, given_a_board, tear_down);
	tcase_add_loop_test(tc, the_query_chooses_the_form, 0, LEN(types));
	tcase_add_loop_test(tc, other_methods_are_told_which_there_are, 0, 3);
	tcase_add_test(tc, a_ping_is_answered_pong);
	tcase_add_loop_test(tc, a_health_check_is_sent_elsewhere_when_nobody_serves, 0,
			    LEN(checks));
	tcase_add_loop_test(tc, a_path_is_asked_for_as_a_whole, 0, LEN(paths));
	return tc;
}

int main(void)
{
	Suite *s = suite_create("status");
	SRunner *sr;
	int failed;

	suite_add_tcase(s, forms());
	suite_add_tcase(s, strangers());
	suite_add_tcase(s, http());
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
