#ifndef TESTS_HANDLER_RECORDER_H
#define TESTS_HANDLER_RECORDER_H

#include <check.h>
#include <errno.h>
#include <string.h>

#include "base/container.h"
#include "handler/handler.h"

/*
 * recorder - a handler in memory, and an application that does what a scene says.
 *
 * Shape    sent, logged: the bytes that went to the client and to the log; trace: what was called,
 *          in order, a word each. One at a time: a fixture of static variables.
 */
#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

/* What the application does. */
struct scene {
	const char *status; /* NULL: start_response() is not called */
	const struct wsgi_header *headers;
	size_t headers_len;
	const char *chunks[4]; /* up to the first NULL */
	bool eager;
	size_t count;                          /* of len(); 0: it cannot be told */
	int call_rc, start_rc, count_rc;       /* returned in place of success */
	int next_rc, close_rc;                 /* next_rc after the last chunk */
	const struct wsgi_file *file;          /* what the body is */
	int (*also)(struct wsgi_start *start); /* done after start_response() */
};

/* What the transport does: the n-th write fails, counted from 1; so does the first flush. */
struct weather {
	int write_at, write_rc, flush_rc, read_rc;
	int sendfile_rc;
	uint64_t sendfile_sent;
};

static struct wsgi_handler handler;
static struct wsgi_environ vars;
static struct wsgi_input input;
static struct scene scene;
static struct weather weather;
static struct wsgi_buf sent, logged, trace;
static int chunk_at, writes, closed, log_flushed;
static uint64_t file_limit;

static inline void note(const char *word)
{
	ck_assert_int_eq(wsgi_buf_addf(&trace, trace.len > 0 ? " %s" : "%s", word), 0);
}

/* The bytes as a string, with a NUL after them that does not count. */
static inline const char *text_of(struct wsgi_buf *b)
{
	ck_assert_int_eq(wsgi_buf_reserve(b, 1), 0);
	b->data[b->len] = '\0';
	return b->data;
}

/* -- the handler's ops ------------------------------------------------------------------------- */

static inline int record_write(struct wsgi_handler *h, const void *data, size_t len)
{
	(void)h;
	note("write");
	if (++writes == weather.write_at)
		return weather.write_rc;
	return wsgi_buf_add(&sent, data, len);
}

static inline int record_flush(struct wsgi_handler *h)
{
	int rc = weather.flush_rc;

	(void)h;
	note("flush");
	weather.flush_rc = 0;
	return rc;
}

static inline int record_sendfile(struct wsgi_handler *h, const struct wsgi_file *file,
				  uint64_t limit, uint64_t *count)
{
	(void)h;
	ck_assert_ptr_eq(file, scene.file);
	note("sendfile");
	file_limit = limit;
	*count += weather.sendfile_sent;
	return weather.sendfile_rc;
}

static inline struct wsgi_input *record_get_stdin(struct wsgi_handler *h)
{
	(void)h;
	return &input;
}

static inline int log_write(struct wsgi_errors *errors, const char *data, size_t len)
{
	(void)errors;
	return wsgi_buf_add(&logged, data, len);
}

static inline int log_flush(struct wsgi_errors *errors)
{
	(void)errors;
	log_flushed++;
	return 0;
}

static struct wsgi_errors errors = {.write = log_write, .flush = log_flush};

static inline struct wsgi_errors *record_get_stderr(struct wsgi_handler *h)
{
	(void)h;
	return &errors;
}

static inline int record_add_cgi_vars(struct wsgi_handler *h)
{
	return wsgi_environ_update(&h->environ, &vars);
}

static inline ssize_t record_read(struct wsgi_input *in, void *buf, size_t len)
{
	(void)in;
	(void)buf;
	(void)len;
	return weather.read_rc;
}

static struct wsgi_handler_ops ops;

/* -- the application --------------------------------------------------------------------------- */

static inline int scene_next(struct wsgi_body *body, const void **data, size_t *len)
{
	const char *chunk = scene.chunks[chunk_at];

	(void)body;
	note("next");
	if (chunk == NULL)
		return scene.next_rc;
	chunk_at++;
	*data = chunk;
	*len = strlen(chunk);
	return 1;
}

static inline int scene_close(struct wsgi_body *body)
{
	(void)body;
	note("close");
	closed++;
	return scene.close_rc;
}

static inline int scene_count(struct wsgi_body *body, size_t *count)
{
	(void)body;
	note("count");
	*count = scene.count;
	return scene.count_rc;
}

static struct wsgi_body body;

static inline int scene_call(struct wsgi_app *app, const struct wsgi_environ *env,
			     struct wsgi_start *start, struct wsgi_body **result)
{
	int rc = 0;

	(void)app;
	(void)env;
	note("call");
	if (scene.status != NULL)
		rc = start->respond(start, scene.status, scene.headers, scene.headers_len, NULL);
	ck_assert_int_eq(rc, scene.start_rc);
	if (rc == 0 && scene.also != NULL)
		rc = scene.also(start);
	if (rc != 0 || scene.call_rc != 0)
		return rc != 0 ? rc : scene.call_rc;
	body = (struct wsgi_body){.next = scene_next,
				  .close = scene_close,
				  .count = scene.count > 0 || scene.count_rc != 0 ? scene_count
										  : NULL,
				  .eager = scene.eager,
				  .file = scene.file};
	*result = &body;
	return 0;
}

static struct wsgi_app app;

/* -- given, when ------------------------------------------------------------------------------- */

static inline void given_a_request(void)
{
	ops = (struct wsgi_handler_ops){
		.write = record_write,
		.flush = record_flush,
		.get_stdin = record_get_stdin,
		.get_stderr = record_get_stderr,
		.add_cgi_vars = record_add_cgi_vars,
	};
	app = (struct wsgi_app){.call = scene_call};
	weather = (struct weather){0};
	chunk_at = writes = closed = log_flushed = 0;
	file_limit = 0;
	wsgi_input_init(&input, record_read, UINT64_MAX);
	wsgi_environ_init(&vars);
	wsgi_environ_set(&vars, "REQUEST_METHOD", "GET");
	wsgi_handler_init(&handler, &ops);
	handler.origin_server = false;
}

static inline void tear_down(void)
{
	wsgi_handler_finish(&handler);
	wsgi_handler_finish(NULL);
	wsgi_environ_finish(&vars);
	wsgi_input_finish(&input);
	wsgi_buf_finish(&sent);
	wsgi_buf_finish(&logged);
	wsgi_buf_finish(&trace);
}

static inline int when_run(struct scene s)
{
	scene = s;
	return wsgi_handler_run(&handler, &app);
}

/* The same, where nothing may be logged. */
static inline void when_it_answers(struct scene s)
{
	int rc = when_run(s);

	ck_assert_str_eq(text_of(&logged), "");
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(handler.error.code, 0);
}

static inline void given(const char *name, const char *value)
{
	ck_assert_int_eq(wsgi_environ_set(&vars, name, value), 0);
}

/* -- then -------------------------------------------------------------------------------------- */

#define ERROR_PAGE                                                                                 \
	"Status: 500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: 59\r\n"  \
	"\r\nA server error occurred.  Please contact the administrator."

#define then_sent(bytes) ck_assert_str_eq(text_of(&sent), bytes)
#define then_logged(lines) ck_assert_str_eq(text_of(&logged), lines)
#define then_traced(words) ck_assert_str_eq(text_of(&trace), words)

#endif
