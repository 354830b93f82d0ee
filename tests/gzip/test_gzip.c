#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../base/memory.h"
#include "base/container.h"
#include "gzip/gzip.h"
#include "wsgi/body.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* -- a server that keeps what it gets ---------------------------------------------------------- */

static struct server {
	struct wsgi_start start;
	struct wsgi_error failure;
	char status[60];
	struct wsgi_headers headers;
	int responds, respond_rc, write_rc;
	bool sent_head;
	struct wsgi_buf sent;
	int writes, pieces;
} server;

static int server_respond(struct wsgi_start *start, const char *status,
			  const struct wsgi_header *headers, size_t n, const struct wsgi_error *exc)
{
	(void)start;
	server.responds++;
	if (server.respond_rc != 0)
		return server.respond_rc;
	if (exc != NULL && server.sent_head)
		return -EALREADY;
	if (exc == NULL && server.status[0] != '\0')
		return wsgi_fail(&server.failure, -EPROTO, "twice");
	strcpy(server.status, status);
	wsgi_headers_clear(&server.headers);
	return wsgi_headers_add_all(&server.headers, headers, n);
}

static int server_write(struct wsgi_start *start, const void *data, size_t len)
{
	(void)start;
	if (server.status[0] == '\0')
		return -EPROTO;
	if (server.write_rc != 0)
		return server.write_rc;
	server.sent_head = true;
	server.writes++;
	return wsgi_buf_add(&server.sent, data, len);
}

/* -- an application that does what a scene says ------------------------------------------------ */

static struct scene {
	const char *status; /* NULL: start_response() is not called */
	const char *type, *length, *etag, *vary, *hop;
	const char *written; /* by write(), before the body */
	const char *chunks[4];
	size_t len;    /* of each chunk; 0: those are strings */
	ssize_t count; /* of len(); -1: it cannot be told; 0: it is not there */
	bool eager, late, twice, bodiless;
	bool careless;            /* it writes once more, though write() failed, and goes on */
	int again_rc, restart_rc; /* what that returned, and start_response() after it */
	int call_rc, count_rc;
	int end_rc;        /* after the last chunk, in place of the end */
	const char *error; /* the status of a second start_response, at the end of the chunks */
	int error_rc;      /* what that returns */
	const struct wsgi_file *file;
} scene;

struct played {
	struct wsgi_body body;
	struct wsgi_start *start;
	int at;
};

static int closed, close_rc, tells;

static int tell(struct wsgi_start *start, const struct wsgi_error *exc)
{
	struct wsgi_header list[5];
	size_t n = 0;

	tells++;
	if (scene.type != NULL)
		list[n++] = (struct wsgi_header){"Content-Type", scene.type};
	if (scene.length != NULL)
		list[n++] = (struct wsgi_header){"Content-Length", scene.length};
	if (scene.etag != NULL)
		list[n++] = (struct wsgi_header){"ETag", scene.etag};
	if (scene.vary != NULL)
		list[n++] = (struct wsgi_header){"Vary", scene.vary};
	if (scene.hop != NULL)
		list[n++] = (struct wsgi_header){"Connection", scene.hop};
	return start->respond(start, exc != NULL ? scene.error : scene.status, list, n, exc);
}

static int scene_next(struct wsgi_body *body, const void **data, size_t *len)
{
	static const struct wsgi_error exc = {.code = -EIO, .text = "broken"};
	struct played *p = container_of(body, struct played, body);
	int rc = 0;

	if (scene.late && p->at == 0)
		rc = tell(p->start, NULL);
	if (rc != 0)
		return rc;
	if (p->at < 4 && scene.chunks[p->at] != NULL) {
		*data = scene.chunks[p->at];
		*len = scene.len != 0 ? scene.len : strlen(*data);
		p->at++;
		return 1;
	}
	if (scene.error != NULL && p->at++ < 9) {
		scene.error_rc = tell(p->start, &exc);
		if (scene.error_rc != 0)
			return exc.code;
		p->at = 9;
		*data = "the error page";
		*len = strlen(*data);
		return 1;
	}
	return scene.end_rc;
}

static int scene_count(struct wsgi_body *body, size_t *count)
{
	(void)body;
	*count = (size_t)scene.count;
	return scene.count < 0 ? -ENOTSUP : scene.count_rc;
}

static int scene_close(struct wsgi_body *body)
{
	closed++;
	free(container_of(body, struct played, body));
	return close_rc;
}

static int scene_call(struct wsgi_app *app, const struct wsgi_environ *env,
		      struct wsgi_start *start, struct wsgi_body **body)
{
	struct played *p;
	int rc = 0;

	(void)app;
	(void)env;
	if (scene.status != NULL && !scene.late)
		rc = tell(start, NULL);
	if (rc == 0 && scene.twice)
		rc = tell(start, NULL);
	if (rc == 0 && scene.written != NULL)
		rc = start->write(start, scene.written, strlen(scene.written));
	if (scene.careless) {
		scene.again_rc = start->write(start, scene.written, strlen(scene.written));
		scene.restart_rc = tell(start, NULL);
		rc = 0;
	}
	if (rc != 0 || scene.call_rc != 0 || scene.bodiless)
		return rc != 0 ? rc : scene.call_rc;
	p = malloc(sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	*p = (struct played){
		.body = {.next = scene_next,
			 .close = scene_close,
			 .count = scene.count != 0 ? scene_count : NULL,
			 .eager = scene.eager,
			 .file = scene.file},
		.start = start,
	};
	*body = &p->body;
	return 0;
}

/* -- given, when ------------------------------------------------------------------------------- */

static struct wsgi_app application = {.call = scene_call};
static struct wsgi_gzip gzip;
static struct wsgi_environ env;
static struct wsgi_buf plain;
static char big[1 << 20];

static void given_a_client_that_accepts_gzip(void)
{
	uint32_t random = 1;

	wsgi_gzip_init(&gzip, &application);
	wsgi_environ_init(&env);
	ck_assert_int_eq(wsgi_environ_set(&env, "REQUEST_METHOD", "GET"), 0);
	ck_assert_int_eq(wsgi_environ_set(&env, "HTTP_ACCEPT_ENCODING", "gzip"), 0);
	server = (struct server){.start = {.respond = server_respond,
					   .write = server_write,
					   .error = &server.failure,
					   .failure = &server.failure}};
	closed = close_rc = tells = 0;
	for (size_t i = 0; i < sizeof(big); i++) { /* text that hardly gets smaller */
		random = random * 1103515245 + 12345;
		big[i] = (char)(' ' + (random >> 16) % 90);
	}
}

static void forget(void)
{
	wsgi_headers_finish(&server.headers);
	wsgi_buf_finish(&server.sent);
	server.status[0] = '\0';
	server.sent_head = false;
	server.pieces = server.writes = server.responds = 0;
}

static void tear_down(void)
{
	forget();
	wsgi_environ_finish(&env);
	wsgi_buf_finish(&plain);
}

/* As a handler does: the Content-Length of a body of one chunk, when the first is sent. */
static int send_head(struct wsgi_body *body, size_t len)
{
	char digits[24];
	size_t count = 0;
	int rc;

	if (server.sent_head)
		return 0;
	if (server.status[0] == '\0')
		return -EPROTO;
	server.sent_head = true;
	rc = body->count != NULL ? body->count(body, &count) : -ENOTSUP;
	if (rc == -ENOTSUP || wsgi_headers_contains(&server.headers, "Content-Length"))
		return 0;
	if (rc != 0 || count != 1)
		return rc;
	snprintf(digits, sizeof(digits), "%zu", len);
	return wsgi_headers_add(&server.headers, "Content-Length", digits);
}

/* What the call, the body or its close returned that was no success. */
static int when_served(void)
{
	struct wsgi_body *body = NULL;
	int rc = gzip.app.call(&gzip.app, &env, &server.start, &body), closing;
	const void *data;
	size_t len;

	if (rc != 0 || body == NULL)
		return rc;
	while ((rc = body->next(body, &data, &len)) > 0) {
		rc = send_head(body, len);
		if (rc == 0)
			rc = wsgi_buf_add(&server.sent, data, len);
		if (rc != 0)
			break;
		server.pieces++;
	}
	closing = body->close(body);
	return rc != 0 ? rc : closing;
}

static void when_it_is(struct scene s)
{
	int rc;

	scene = s;
	rc = when_served();
	ck_assert_msg(rc == 0, "%d: %s", rc, server.failure.text);
	ck_assert_int_eq(closed, s.bodiless ? 0 : 1);
}

/* -- then -------------------------------------------------------------------------------------- */

static const char *header(const char *name)
{
	return wsgi_headers_get(&server.headers, name);
}

/* What a client can read of what was sent; whether that is the whole of it. */
static bool unpack(void)
{
	z_stream z = {.next_in = (Bytef *)server.sent.data, .avail_in = (uInt)server.sent.len};
	int rc;

	plain.len = 0;
	ck_assert_int_eq(wsgi_buf_reserve(&plain, 4 * sizeof(big) + 1), 0);
	ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_out = (Bytef *)plain.data;
	z.avail_out = (uInt)(plain.cap - 1);
	rc = inflate(&z, Z_SYNC_FLUSH);
	ck_assert(rc == Z_OK || rc == Z_STREAM_END);
	ck_assert_uint_eq(z.avail_in, 0);
	plain.len = plain.cap - 1 - z.avail_out;
	plain.data[plain.len] = '\0';
	inflateEnd(&z);
	return rc == Z_STREAM_END;
}

static void is_compressed(const char *text)
{
	ck_assert_pstr_eq(header("Content-Encoding"), "gzip");
	ck_assert_pstr_eq(header("Vary"), "Accept-Encoding");
	ck_assert(unpack());
	ck_assert_str_eq(plain.data, text);
}

static void is_plain(const char *text)
{
	ck_assert_pstr_eq(header("Content-Encoding"), NULL);
	ck_assert_uint_eq(server.sent.len, strlen(text));
	ck_assert_mem_eq(server.sent.data != NULL ? server.sent.data : "", text, strlen(text));
}

/* -- what is compressed ------------------------------------------------------------------------ */

#define PAGE .status = "200 OK", .type = "text/plain"
#define LONG HUNDRED HUNDRED

START_TEST(one_chunk_is_compressed_with_its_length)
{
	char digits[24];

	when_it_is((struct scene){PAGE, .chunks = {LONG}, .count = 1, .eager = _i == 1});
	is_compressed(LONG);
	ck_assert_int_eq(server.pieces, 1);
	snprintf(digits, sizeof(digits), "%zu", server.sent.len);
	ck_assert_pstr_eq(header("Content-Length"), digits);
	ck_assert_uint_lt(server.sent.len, strlen(LONG));
	ck_assert_str_eq(server.status, "200 OK");
	ck_assert_pstr_eq(header("Content-Type"), "text/plain");
}
END_TEST

START_TEST(a_list_is_gathered)
{
	when_it_is((struct scene){PAGE, .chunks = {"a", LONG, "b"}, .count = 3, .eager = true});
	is_compressed("a" LONG "b");
	ck_assert_int_eq(server.pieces, 1);
	ck_assert_pstr_eq(header("Content-Length"), NULL);
}
END_TEST

START_TEST(each_chunk_of_a_stream_can_be_read_when_it_is_sent)
{
	struct wsgi_body *body = NULL;
	const char *const so_far[] = {"one ", "one two ", "one two ", "one two three"};
	const void *data;
	size_t len;

	scene = (struct scene){PAGE, .chunks = {"one ", "two ", "", "three"}, .count = -1};
	ck_assert_int_eq(gzip.app.call(&gzip.app, &env, &server.start, &body), 0);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(body->next(body, &data, &len), 1);
		ck_assert_int_eq(wsgi_buf_add(&server.sent, data, len), 0);
		ck_assert(!unpack());
		ck_assert_str_eq(plain.data, so_far[i]);
	}
	ck_assert(!body->eager);
	ck_assert_int_eq(body->next(body, &data, &len), 1);
	ck_assert_int_eq(wsgi_buf_add(&server.sent, data, len), 0);
	is_compressed("one two three");
	ck_assert_int_eq(body->next(body, &data, &len), 0);
	ck_assert_int_eq(body->count(body, &len), -ENOTSUP);
	ck_assert_int_eq(body->close(body), 0);
}
END_TEST

START_TEST(what_was_written_can_be_read_at_once)
{
	scene = (struct scene){PAGE, .written = "first ", .bodiless = true};
	ck_assert_int_eq(when_served(), 0);
	ck_assert_int_eq(server.writes, 1);
	ck_assert(!unpack());
	ck_assert_str_eq(plain.data, "first ");
}
END_TEST

START_TEST(much_is_written_in_pieces)
{
	big[sizeof(big) - 1] = '\0';
	scene = (struct scene){PAGE, .written = big, .chunks = {" second"}};
	ck_assert_int_eq(when_served(), 0);
	ck_assert_int_gt(server.writes, 2);
	ck_assert(unpack());
	ck_assert_uint_eq(plain.len, sizeof(big) - 1 + 7);
	ck_assert_mem_eq(plain.data, big, sizeof(big) - 1);
	ck_assert_str_eq(plain.data + sizeof(big) - 1, " second");
}
END_TEST

static const struct {
	bool eager;
	ssize_t count;
	const char *whole;
} after_write[] = {{false, 0, "first second third"},
		   {true, 2, "first second third"},
		   {true, 1, "first second third"}};

START_TEST(a_body_goes_on_where_write_ended)
{
	when_it_is((struct scene){PAGE, .written = "first ", .chunks = {"second ", "third"},
				  .eager = after_write[_i].eager, .count = after_write[_i].count});
	is_compressed(after_write[_i].whole);
	ck_assert_pstr_eq(header("Content-Length"), NULL);
}
END_TEST

START_TEST(a_start_response_in_the_body_is_in_time)
{
	when_it_is((struct scene){PAGE, .late = true, .chunks = {"one ", "two"}});
	is_compressed("one two");
}
END_TEST

static const size_t sizes[] = {65535, 65536, 65537, 262144, 262145, 1 << 20};

START_TEST(large_chunks_come_in_pieces)
{
	const size_t len = sizes[_i];
	const bool whole = len <= 262144;

	when_it_is((struct scene){PAGE, .chunks = {big}, .len = len, .count = 1, .eager = true});
	ck_assert(unpack());
	ck_assert_uint_eq(plain.len, len);
	ck_assert_mem_eq(plain.data, big, len);
	ck_assert_int_eq(server.pieces == 1, server.sent.len <= 65536 || whole);
	ck_assert_int_eq(header("Content-Length") != NULL, whole);
	forget();
	closed = 0;
	when_it_is((struct scene){PAGE, .chunks = {big, big, big}, .len = len, .eager = _i % 2});
	ck_assert(unpack());
	ck_assert_uint_eq(plain.len, 3 * len);
	ck_assert_mem_eq(plain.data + len, big, len);
	ck_assert_mem_eq(plain.data + 2 * len, big, len);
	ck_assert_int_ge(server.pieces, (int)(server.sent.len / 65536));
}
END_TEST

START_TEST(a_level_is_used)
{
	size_t len[2];

	for (int i = 0; i < 2; i++) {
		forget();
		closed = 0;
		gzip.level = i == 0 ? 1 : 9;
		when_it_is((struct scene){PAGE, .chunks = {big}, .len = sizeof(big), .count = 1,
					  .eager = true});
		len[i] = server.sent.len;
	}
	ck_assert_uint_lt(len[1], len[0]);
}
END_TEST

START_TEST(a_level_that_does_not_exist_is_an_error_in_words)
{
	gzip.level = 10;
	scene = (struct scene){PAGE, .chunks = {LONG}, .count = 1};
	ck_assert_int_eq(when_served(), -EINVAL);
	ck_assert_str_eq(server.failure.text, "gzip: there is no level 10");
	ck_assert_int_eq(closed, 1);
}
END_TEST

START_TEST(a_file_is_compressed_by_reading_it)
{
	static const struct wsgi_file file = {.fd = 5};
	struct wsgi_body *body = NULL;

	scene = (struct scene){PAGE, .chunks = {LONG}, .file = &file, .length = "200"};
	ck_assert_int_eq(gzip.app.call(&gzip.app, &env, &server.start, &body), 0);
	ck_assert_ptr_null(body->file);
	wsgi_body_close(body);
	closed = 0;
	when_it_is((struct scene){PAGE, .chunks = {LONG}, .file = &file, .length = "200"});
	is_compressed(LONG);
	ck_assert_pstr_eq(header("Content-Length"), NULL);
}
END_TEST

START_TEST(the_headers_tell_of_it)
{
	when_it_is((struct scene){PAGE, .length = "200", .etag = "\"a\"", .vary = "Cookie",
				  .chunks = {LONG}});
	ck_assert_pstr_eq(header("Content-Encoding"), "gzip");
	ck_assert_pstr_eq(header("Content-Length"), NULL);
	ck_assert_pstr_eq(header("ETag"), "W/\"a\"");
	ck_assert_pstr_eq(header("Vary"), "Cookie, Accept-Encoding");
}
END_TEST

/* -- what is not ------------------------------------------------------------------------------- */

static const struct {
	const char *claim;
	struct scene scene;
	const char *vary;
} plains[] = {
	{"a picture", {.status = "200 OK", .type = "image/png", .chunks = {LONG}}, NULL},
	{"no type", {.status = "200 OK", .chunks = {LONG}}, NULL},
	{"a range",
	 {.status = "206 Partial Content", .type = "text/plain", .chunks = {LONG}},
	 NULL},
	{"not modified",
	 {.status = "304 Not Modified", .type = "text/plain", .etag = "\"a\""},
	 NULL},
	{"no content", {.status = "204 No Content", .type = "text/plain"}, NULL},
	{"short by its header", {PAGE, .length = "199", .chunks = {LONG}}, NULL},
	{"a length that is none", {PAGE, .length = "many", .chunks = {LONG}}, NULL},
	{"one short chunk", {PAGE, .chunks = {"short"}, .count = 1, .eager = true}, NULL},
	{"one empty chunk", {PAGE, .chunks = {""}, .count = 1, .eager = true}, NULL},
	{"an empty list", {PAGE, .count = 0, .eager = true}, NULL},
	{"an empty stream", {PAGE, .count = -1}, NULL},
};

START_TEST(it_is_passed_on_as_it_is)
{
	const char *text = plains[_i].scene.chunks[0];

	when_it_is(plains[_i].scene);
	is_plain(text != NULL ? text : "");
	ck_assert_str_eq(server.status, plains[_i].scene.status);
	ck_assert_pstr_eq(header("Content-Type"), plains[_i].scene.type);
	ck_assert_pstr_eq(header("Vary"), plains[_i].vary);
	ck_assert_pstr_eq(header("ETag"), plains[_i].scene.etag);
	if (plains[_i].scene.length != NULL)
		ck_assert_pstr_eq(header("Content-Length"), plains[_i].scene.length);
}
END_TEST

START_TEST(another_client_gets_it_as_it_is_and_a_cache_is_told)
{
	static const struct wsgi_file file = {.fd = 5};
	struct wsgi_body *body = NULL;
	size_t n;

	wsgi_environ_set(&env, "HTTP_ACCEPT_ENCODING", "gzip;q=0");
	when_it_is((struct scene){PAGE, .chunks = {LONG}, .count = 1, .etag = "\"a\""});
	is_plain(LONG);
	ck_assert_pstr_eq(header("Vary"), "Accept-Encoding");
	ck_assert_pstr_eq(header("ETag"), "\"a\"");
	ck_assert_pstr_eq(header("Content-Length"), "200");
	forget();
	scene = (struct scene){PAGE, .file = &file, .count = 7, .eager = true};
	ck_assert_int_eq(gzip.app.call(&gzip.app, &env, &server.start, &body), 0);
	ck_assert_ptr_eq(body->file, &file);
	ck_assert(body->eager);
	ck_assert_int_eq(body->count(body, &n), 0);
	ck_assert_uint_eq(n, 7);
	wsgi_body_close(body);
}
END_TEST

START_TEST(the_least_length_can_be_chosen)
{
	gzip.min_bytes = 5;
	when_it_is((struct scene){PAGE, .chunks = {"12345"}, .count = 1});
	is_compressed("12345");
	forget();
	closed = 0;
	gzip.min_bytes = 6;
	when_it_is((struct scene){PAGE, .chunks = {"12345"}, .count = 1});
	is_plain("12345");
}
END_TEST

static const struct scene heads[] = {
	{PAGE, .length = "200"},
	{PAGE, .length = "200", .eager = true, .chunks = {""}, .count = 1},
	{PAGE, .eager = true},
	{PAGE, .eager = true, .chunks = {""}, .count = 1},
	{PAGE, .chunks = {LONG}, .count = 1},
};

START_TEST(head_gets_the_headers_of_get)
{
	wsgi_environ_set(&env, "REQUEST_METHOD", "HEAD");
	when_it_is(heads[_i]);
	ck_assert_pstr_eq(header("Content-Encoding"), "gzip");
	ck_assert_pstr_eq(header("Vary"), "Accept-Encoding");
	ck_assert_int_eq(header("Content-Length") != NULL,
			 heads[_i].chunks[0] != NULL && heads[_i].chunks[0][0] != '\0');
}
END_TEST

/* -- what goes wrong --------------------------------------------------------------------------- */

START_TEST(a_failure_in_the_middle_leaves_the_stream_without_its_end)
{
	scene = (struct scene){PAGE, .chunks = {"one ", "two"}, .end_rc = -EIO};
	ck_assert_int_eq(when_served(), -EIO);
	ck_assert_int_eq(closed, 1);
	ck_assert(!unpack());
	ck_assert_str_eq(plain.data, "one two");
}
END_TEST

START_TEST(a_failure_before_the_first_chunk_leaves_the_head_to_the_server)
{
	scene = (struct scene){PAGE, .end_rc = -EIO};
	ck_assert_int_eq(when_served(), -EIO);
	ck_assert_int_eq(closed, 1);
	ck_assert_int_eq(server.responds, 0);
}
END_TEST

START_TEST(an_error_page_takes_the_place_of_what_had_not_gone_out)
{
	when_it_is((struct scene){PAGE, .error = "500 Broken"});
	ck_assert_int_eq(scene.error_rc, 0);
	ck_assert_str_eq(server.status, "500 Broken");
	is_compressed("the error page");
	ck_assert_int_eq(server.responds, 1);
}
END_TEST

START_TEST(an_error_page_takes_the_place_of_what_was_passed_on_as_it_is)
{
	wsgi_environ_set(&env, "HTTP_ACCEPT_ENCODING", "");
	when_it_is((struct scene){PAGE, .error = "500 Broken"});
	ck_assert_int_eq(scene.error_rc, 0);
	ck_assert_str_eq(server.status, "500 Broken");
	is_plain("the error page");
}
END_TEST

START_TEST(an_error_page_that_a_server_still_takes_is_not_compressed_halfway)
{
	struct wsgi_body *body = NULL;
	const void *data;
	size_t len;

	scene = (struct scene){PAGE, .chunks = {"one"}, .error = "500 Broken"};
	ck_assert_int_eq(gzip.app.call(&gzip.app, &env, &server.start, &body), 0);
	ck_assert_int_eq(body->next(body, &data, &len), 1); /* the server keeps it to itself */
	ck_assert_pstr_eq(header("Content-Encoding"), "gzip");
	ck_assert_int_eq(body->next(body, &data, &len), 1);
	ck_assert_int_eq(scene.error_rc, 0);
	ck_assert_int_eq(wsgi_buf_add(&server.sent, data, len), 0);
	is_plain("the error page");
	ck_assert_int_eq(body->next(body, &data, &len), 0);
	wsgi_body_close(body);
}
END_TEST

START_TEST(an_error_after_the_first_chunk_is_too_late_for_a_page)
{
	scene = (struct scene){PAGE, .chunks = {"one"}, .error = "500 Broken"};
	ck_assert_int_eq(when_served(), -EIO);
	ck_assert_int_eq(scene.error_rc, -EALREADY);
	ck_assert_str_eq(server.status, "200 OK");
	ck_assert(!unpack());
	ck_assert_str_eq(plain.data, "one");
}
END_TEST

START_TEST(a_second_start_response_is_refused_in_words)
{
	scene = (struct scene){PAGE, .twice = true, .chunks = {LONG}};
	ck_assert_int_eq(when_served(), -EPROTO);
	ck_assert_str_eq(server.failure.text, "Headers already set!");
	ck_assert_int_eq(server.failure.code, -EPROTO);
	ck_assert_int_eq(tells, 2);
	ck_assert_int_eq(server.responds, 0);
}
END_TEST

static const struct {
	struct scene scene;
	int rc;
} refusals[] = {
	{{.status = "200", .type = "text/plain"}, -EPROTO},
	{{.status = "200 OK\n", .type = "text/plain"}, -EINVAL},
	{{PAGE, .etag = "a\r\nb"}, -EINVAL},
	{{PAGE, .hop = "close"}, -EPROTO},
};

START_TEST(a_head_that_is_none_is_refused_in_words_and_not_kept)
{
	struct wsgi_body *body = NULL;

	scene = refusals[_i].scene;
	ck_assert_int_eq(gzip.app.call(&gzip.app, &env, &server.start, &body), refusals[_i].rc);
	ck_assert_int_eq(server.failure.code, refusals[_i].rc);
	ck_assert_int_eq(server.responds, 0);
}
END_TEST

START_TEST(what_the_server_refuses_is_passed_on)
{
	server.respond_rc = -EPROTO;
	scene = (struct scene){PAGE, .chunks = {LONG}};
	ck_assert_int_eq(when_served(), -EPROTO);
	ck_assert_int_eq(closed, 1);
	scene = (struct scene){.status = "200 OK", .chunks = {LONG}};
	ck_assert_int_eq(when_served(), -EPROTO);
	ck_assert_int_eq(closed, 2);
	server.respond_rc = 0;
	server.write_rc = -EPIPE;
	scene = (struct scene){PAGE, .written = LONG};
	ck_assert_int_eq(when_served(), -EPIPE);
}
END_TEST

/* None of these is a failure of the second write() itself. */
static const struct {
	const char *type;
	int level, respond_rc, write_rc, rc;
} first_failures[] = {
	{"text/plain", 42, 0, 0, -EINVAL},
	{"text/plain", 6, -EIO, 0, -EIO},
	{"text/plain", 6, 0, -EPIPE, -EPIPE},
	{"image/png", 6, -EIO, 0, -EIO},
};

START_TEST(the_first_failure_stays_for_who_does_not_look)
{
	static const char *const body[] = {LONG, NULL};

	for (int i = 0; i < 2; i++) {
		scene = (struct scene){.status = "200 OK",
				       .type = first_failures[_i].type,
				       .written = LONG,
				       .careless = true,
				       .chunks = {body[i]}};
		gzip.level = first_failures[_i].level;
		server.respond_rc = first_failures[_i].respond_rc;
		server.write_rc = first_failures[_i].write_rc;
		closed = 0;
		ck_assert_int_eq(when_served(), first_failures[_i].rc);
		ck_assert_int_eq(scene.again_rc, first_failures[_i].rc);
		ck_assert_int_eq(scene.restart_rc, -EPROTO);
		ck_assert_int_eq(server.responds, first_failures[_i].level == 42 ? 0 : 1);
		ck_assert_uint_eq(server.sent.len, 0);
		ck_assert_int_eq(closed, 1);
		forget();
	}
}
END_TEST

/* As a generator does that catches what write() raised. */
static int write_then_error_page(struct wsgi_app *app, const struct wsgi_environ *environ,
				 struct wsgi_start *start, struct wsgi_body **body)
{
	static const struct wsgi_header type = {"Content-Type", "text/plain"};
	static const struct wsgi_error exc = {.code = -EINVAL, .text = "no such level"};
	int rc = start->respond(start, "200 OK", &type, 1, NULL);

	(void)app;
	(void)environ;
	if (rc == 0)
		rc = start->write(start, "lost", 4);
	if (rc == -EINVAL)
		rc = start->respond(start, "500 Broken", &type, 1, &exc);
	if (rc == 0)
		rc = start->write(start, "the error", 9);
	*body = rc == 0 ? wsgi_bytes_body(" page", 5) : NULL;
	return rc;
}

START_TEST(an_error_page_goes_out_in_place_of_what_could_not_begin)
{
	struct wsgi_app app = {.call = write_then_error_page};

	wsgi_gzip_init(&gzip, &app);
	gzip.level = 42;
	ck_assert_int_eq(when_served(), 0);
	ck_assert_str_eq(server.status, "500 Broken");
	is_plain("the error page");
}
END_TEST

START_TEST(other_failures_are_passed_on)
{
	scene = (struct scene){PAGE, .call_rc = -EIO};
	ck_assert_int_eq(when_served(), -EIO);
	scene = (struct scene){PAGE, .chunks = {LONG}, .count = 1, .count_rc = -EIO};
	ck_assert_int_eq(when_served(), -EIO);
	ck_assert_int_eq(closed, 1);
	close_rc = -EBADF;
	scene = (struct scene){PAGE, .chunks = {LONG}};
	forget();
	ck_assert_int_eq(when_served(), -EBADF);
	ck_assert_int_eq(closed, 2);
}
END_TEST

START_TEST(write_before_start_response_is_the_servers_to_refuse)
{
	scene = (struct scene){.written = "x"};
	ck_assert_int_eq(when_served(), -EPROTO);
}
END_TEST

START_TEST(without_start_response_the_chunks_come_as_they_are)
{
	struct wsgi_body *body = NULL;
	const void *data;
	size_t len;

	scene = (struct scene){.chunks = {"x"}};
	ck_assert_int_eq(gzip.app.call(&gzip.app, &env, &server.start, &body), 0);
	ck_assert_int_eq(body->next(body, &data, &len), 1);
	ck_assert_uint_eq(len, 1);
	ck_assert_int_eq(body->next(body, &data, &len), 0);
	ck_assert_int_eq(server.responds, 0);
	wsgi_body_close(body);
}
END_TEST

static const struct scene poor[] = {
	{PAGE, .chunks = {LONG}, .count = 1, .eager = true, .etag = "\"a\"", .vary = "B"},
	{PAGE, .written = LONG, .chunks = {LONG, "x"}, .etag = "\"a\""},
	{.status = "200 OK", .chunks = {LONG}},
	{PAGE, .written = LONG, .careless = true, .chunks = {"x"}, .etag = "\"a\""},
};

START_TEST(without_memory_a_request_fails_and_nothing_leaks)
{
	int rc = -1;

	for (long n = 0; rc != 0; n++) {
		long held;

		forget();
		held = memory_held();
		scene = poor[_i];
		memory_left(n);
		rc = when_served();
		memory_left(MEMORY_ENOUGH);
		ck_assert(rc == 0 || rc == -ENOMEM);
		if (rc == 0)
			break;
		forget();
		ck_assert_int_eq(memory_held(), held);
	}
	if (_i == 0)
		ck_assert(unpack());
}
END_TEST

int main(void)
{
	Suite *s = suite_create("gzip");
	TCase *tc = tcase_create("gzip");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_client_that_accepts_gzip, tear_down);
	tcase_add_loop_test(tc, one_chunk_is_compressed_with_its_length, 0, 2);
	tcase_add_test(tc, a_list_is_gathered);
	tcase_add_test(tc, each_chunk_of_a_stream_can_be_read_when_it_is_sent);
	tcase_add_test(tc, what_was_written_can_be_read_at_once);
	tcase_add_test(tc, much_is_written_in_pieces);
	tcase_add_test(tc, an_error_page_that_a_server_still_takes_is_not_compressed_halfway);
	tcase_add_loop_test(tc, a_body_goes_on_where_write_ended, 0, LEN(after_write));
	tcase_add_test(tc, a_start_response_in_the_body_is_in_time);
	tcase_add_loop_test(tc, large_chunks_come_in_pieces, 0, LEN(sizes));
	tcase_add_test(tc, a_level_is_used);
	tcase_add_test(tc, a_level_that_does_not_exist_is_an_error_in_words);
	tcase_add_test(tc, a_file_is_compressed_by_reading_it);
	tcase_add_test(tc, the_headers_tell_of_it);
	tcase_add_loop_test(tc, it_is_passed_on_as_it_is, 0, LEN(plains));
	tcase_add_test(tc, another_client_gets_it_as_it_is_and_a_cache_is_told);
	tcase_add_test(tc, the_least_length_can_be_chosen);
	tcase_add_loop_test(tc, head_gets_the_headers_of_get, 0, LEN(heads));
	tcase_add_test(tc, a_failure_in_the_middle_leaves_the_stream_without_its_end);
	tcase_add_test(tc, a_failure_before_the_first_chunk_leaves_the_head_to_the_server);
	tcase_add_test(tc, an_error_page_takes_the_place_of_what_had_not_gone_out);
	tcase_add_test(tc, an_error_page_takes_the_place_of_what_was_passed_on_as_it_is);
	tcase_add_test(tc, an_error_after_the_first_chunk_is_too_late_for_a_page);
	tcase_add_test(tc, a_second_start_response_is_refused_in_words);
	tcase_add_loop_test(tc, a_head_that_is_none_is_refused_in_words_and_not_kept, 0,
			    LEN(refusals));
	tcase_add_test(tc, what_the_server_refuses_is_passed_on);
	tcase_add_loop_test(tc, the_first_failure_stays_for_who_does_not_look, 0,
			    LEN(first_failures));
	tcase_add_test(tc, an_error_page_goes_out_in_place_of_what_could_not_begin);
	tcase_add_test(tc, other_failures_are_passed_on);
	tcase_add_test(tc, write_before_start_response_is_the_servers_to_refuse);
	tcase_add_test(tc, without_start_response_the_chunks_come_as_they_are);
	tcase_add_loop_test(tc, without_memory_a_request_fails_and_nothing_leaks, 0, LEN(poor));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
