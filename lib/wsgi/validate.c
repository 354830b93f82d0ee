#include "wsgi/validate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/container.h"
#include "wsgi/body.h"
#include "wsgi/input.h"
#include "wsgi/rules.h"
#include "wsgi/status.h"

/*
 * validation - one call of the application, to the close() of its body. It stands between the two
 * sides with a start, an input, an errors and a body of its own.
 */
struct wsgi_validation {
	struct wsgi_validator *validator;
	struct wsgi_environ env; /* the server's, with the streams below */
	struct wsgi_input input;
	struct wsgi_errors errors;
	struct wsgi_start start;
	struct wsgi_body body;

	struct wsgi_input *server_input;
	struct wsgi_errors *server_errors;
	struct wsgi_start *server_start;
	struct wsgi_body *inner; /* the application's; NULL until it has returned one */

	struct wsgi_error broken; /* the first rule that was broken; code 0: none */
	bool told;                /* the server knows of it */

	bool is_head;
	uint64_t content_length;  /* of the request; UINT64_MAX: none */
	uint64_t input_len, read; /* what the input had at first; what was read from it */
	bool input_ended;         /* it said so */
	bool started;             /* start_response() succeeded */
	bool must_end;            /* with exc_info it failed, as it should */
	bool sent;                /* so the headers are out for certain */
	bool is_bodiless;         /* the status is 1xx, 204 or 304 */
	uint64_t length;          /* Content-Length; UINT64_MAX: none */
	uint64_t bytes;           /* of the body so far */
	size_t chunks;            /* the same; what write() gave is none */
	bool is_counted;          /* count() has said how many there are */
	size_t count;
	bool is_due;               /* the last chunk is to be sent before the next is asked for */
	bool has_ended, is_closed; /* next() gave its last; close() was called */
	bool warned_read_on, warned_body, warned_text; /* once is enough */
};

static struct wsgi_errors *warnings_of(const struct wsgi_validation *x)
{
	return x->validator->warnings != NULL ? x->validator->warnings : x->server_errors;
}

static void warn_once(struct wsgi_validation *x, bool *warned, enum wsgi_rule rule)
{
	if (!*warned)
		wsgi_rule_warn(rule, NULL, warnings_of(x));
	*warned = true;
}

/* -- what is broken ---------------------------------------------------------------------------- */

/* The first broken rule is the one that counts. Nothing of the exchange works after it. */
static int broke(struct wsgi_validation *x, enum wsgi_rule rule, const char *detail)
{
	if (x->broken.code == 0)
		wsgi_rule_break(rule, detail, &x->broken);
	x->start.error = &x->broken;
	return x->broken.code;
}

/* Tell the server, which is to be given what this returns. */
static int tell(struct wsgi_validation *x)
{
	if (x->server_start->failure != NULL)
		*x->server_start->failure = x->broken;
	return x->broken.code;
}

/*
 * What the application has returned, on its way to the server: a broken rule that it passes over
 * in silence, or under another name, is told. An exception of Python has it among its causes.
 */
static int settle(struct wsgi_validation *x, int rc)
{
	if (x->broken.code == 0 || x->told)
		return rc;
	x->told = true;
	return rc == WSGI_RAISED ? rc : tell(x);
}

static int tell_broke(struct wsgi_validation *x, enum wsgi_rule rule, const char *detail)
{
	return settle(x, broke(x, rule, detail));
}

/* The exchange is over, and so is whatever could be told of it to. */
static int late(struct wsgi_validation *x, enum wsgi_rule rule)
{
	wsgi_rule_warn(rule, NULL, x->validator->warnings);
	return -EPROTO;
}

/* -- the streams ------------------------------------------------------------------------------- */

/* What is left becomes less, and by no more than was read. */
static bool is_input_changed(const struct wsgi_validation *x)
{
	const uint64_t len = x->input_len, left = x->input.left;
	const uint64_t least = len == UINT64_MAX ? len : len > x->read ? len - x->read : 0;

	return !x->input_ended && (left > len || left < least);
}

static ssize_t read_input(struct wsgi_input *in, void *buf, size_t len)
{
	struct wsgi_validation *x = container_of(in, struct wsgi_validation, input);
	ssize_t n;

	if (x->broken.code != 0)
		return x->broken.code;
	if (buf == NULL || len == 0)
		return broke(x, WSGI_RULE_INPUT_READ, NULL);
	if (is_input_changed(x))
		return broke(x, WSGI_RULE_INPUT_CLOSED, NULL);
	n = wsgi_input_read_some(x->server_input, buf, len);
	if ((n > 0 && (size_t)n > len) || x->server_input->left > x->input_len)
		return broke(x, WSGI_RULE_READ_TOO_MUCH, NULL);
	x->input_ended = n == 0;
	x->read += n > 0 ? (uint64_t)n : 0;
	if (x->read > x->content_length)
		warn_once(x, &x->warned_read_on, WSGI_RULE_READ_ON);
	return n;
}

/* The bytes of a character after its first one; -1: no character begins so. */
static int trail_of(unsigned char c)
{
	if (c < 0x80)
		return 0;
	if (c < 0xc2 || c > 0xf4)
		return -1;
	return c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
}

/* Near enough to tell UTF-8 from latin-1 and from bytes that are no text. */
static bool is_utf8(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int trail = trail_of((unsigned char)data[i]);

		if (trail < 0 || (size_t)trail >= len - i)
			return false;
		for (; trail > 0; trail--)
			if (((unsigned char)data[++i] & 0xc0) != 0x80)
				return false;
	}
	return true;
}

static int write_errors(struct wsgi_errors *errors, const char *data, size_t len)
{
	struct wsgi_validation *x = container_of(errors, struct wsgi_validation, errors);

	if (data == NULL && len > 0)
		return broke(x, WSGI_RULE_ERRORS_NULL, NULL);
	if (!is_utf8(data, len))
		warn_once(x, &x->warned_text, WSGI_RULE_ERRORS_TEXT);
	return x->server_errors->write(x->server_errors, data, len);
}

static int flush_errors(struct wsgi_errors *errors)
{
	const struct wsgi_validation *x = container_of(errors, struct wsgi_validation, errors);

	return x->server_errors->flush(x->server_errors);
}

/* -- start_response ---------------------------------------------------------------------------- */

/* What the server's start_response() or write() has returned, on its way to the application. */
static int from_server(struct wsgi_validation *x, int rc)
{
	x->start.error = x->server_start->error;
	return rc > 0 ? broke(x, WSGI_RULE_START_RETURN, NULL) : rc;
}

static void note_headers(struct wsgi_validation *x, const char *status,
			 const struct wsgi_header *headers, size_t n)
{
	x->started = true;
	x->is_bodiless = wsgi_status_has_no_body(wsgi_status_code(wsgi_span_of(status)));
	x->length = UINT64_MAX;
	for (size_t i = 0; i < n; i++)
		if (wsgi_span_is_nocase(wsgi_span_of(headers[i].name), "Content-Length"))
			wsgi_length_parse(headers[i].value, &x->length);
}

static int respond(struct wsgi_start *start, const char *status, const struct wsgi_header *headers,
		   size_t n, const struct wsgi_error *exc)
{
	struct wsgi_validation *x = container_of(start, struct wsgi_validation, start);
	struct wsgi_error err;
	int rc;

	if (x->broken.code == 0 &&
	    wsgi_rules_start(status, headers, n, exc, warnings_of(x), &err) != 0)
		x->broken = err;
	if (x->broken.code != 0) {
		x->start.error = &x->broken;
		return x->broken.code;
	}
	if (exc == NULL && x->started)
		return broke(x, WSGI_RULE_START_TWICE, status);
	rc = from_server(x, x->server_start->respond(x->server_start, status, headers, n, exc));
	if (rc == 0 && exc != NULL && x->sent)
		return broke(x, WSGI_RULE_EXC_ACCEPTED, NULL);
	if (rc == -EALREADY)
		x->must_end = true;
	if (rc == 0)
		note_headers(x, status, headers, n);
	return rc;
}

/* Whether Content-Length says how long the body is that the application gives. */
static bool has_length(const struct wsgi_validation *x)
{
	return x->length != UINT64_MAX && !x->is_head && !x->is_bodiless;
}

/* Add len bytes to the body. Returns false when they are more than Content-Length allows. */
static bool add_bytes(struct wsgi_validation *x, size_t len)
{
	if (has_length(x) && (x->bytes > x->length || len > x->length - x->bytes))
		return false;
	if (len > 0 && x->is_bodiless)
		warn_once(x, &x->warned_body, WSGI_RULE_BODY_UNWANTED);
	x->bytes += len;
	return true;
}

static int write_body(struct wsgi_start *start, const void *data, size_t len)
{
	struct wsgi_validation *x = container_of(start, struct wsgi_validation, start);
	int rc;

	if (x->broken.code != 0)
		return x->broken.code;
	if (!x->started)
		return broke(x, WSGI_RULE_WRITE_EARLY, NULL);
	if (x->inner != NULL)
		return broke(x, WSGI_RULE_WRITE_IN_BODY, NULL);
	if (data == NULL && len > 0)
		return broke(x, WSGI_RULE_WRITE_NULL, NULL);
	if (!add_bytes(x, len))
		return broke(x, WSGI_RULE_LENGTH_WRONG, "the body is longer");
	rc = from_server(x, x->server_start->write(x->server_start, data, len));
	x->sent = x->sent || (rc == 0 && len > 0);
	return rc;
}

/* -- the body ---------------------------------------------------------------------------------- */

static int check_chunk(struct wsgi_validation *x, const void *data, size_t len)
{
	if (data == NULL && len > 0)
		return tell_broke(x, WSGI_RULE_CHUNK_NULL, NULL);
	if (!x->started)
		return tell_broke(x, WSGI_RULE_NOT_STARTED, NULL);
	if (x->is_counted && x->chunks == x->count)
		return tell_broke(x, WSGI_RULE_COUNT, "there are more chunks");
	if (!add_bytes(x, len))
		return tell_broke(x, WSGI_RULE_LENGTH_WRONG, "the body is longer");
	x->chunks++;
	x->is_due = len > 0 && !x->body.eager;
	return 1;
}

/* Was the body what was announced? */
static int check_end(struct wsgi_validation *x)
{
	if (!x->started)
		return tell_broke(x, WSGI_RULE_NOT_STARTED, NULL);
	if (x->is_counted && x->chunks != x->count)
		return tell_broke(x, WSGI_RULE_COUNT, "there are fewer chunks");
	if (has_length(x) && x->bytes != x->length)
		return tell_broke(x, WSGI_RULE_LENGTH_WRONG, "the body is shorter");
	return 0;
}

static int next(struct wsgi_body *body, const void **data, size_t *len)
{
	struct wsgi_validation *x = container_of(body, struct wsgi_validation, body);
	int rc;

	if (x->is_closed)
		return late(x, WSGI_RULE_NEXT_AFTER_CLOSE);
	if (x->has_ended)
		return tell_broke(x, WSGI_RULE_NEXT_AFTER_END, NULL);
	x->sent = x->sent || x->is_due;
	*data = NULL;
	*len = 0;
	rc = settle(x, x->inner->next(x->inner, data, len));
	if (rc > 1)
		rc = tell_broke(x, WSGI_RULE_RETURN, "next()");
	else if (rc >= 0 && x->must_end)
		rc = tell_broke(x, WSGI_RULE_EXC_TRAPPED, NULL);
	else if (rc >= 0)
		rc = rc == 0 ? check_end(x) : check_chunk(x, *data, *len);
	x->has_ended = rc <= 0;
	return rc;
}

static int count(struct wsgi_body *body, size_t *chunks)
{
	struct wsgi_validation *x = container_of(body, struct wsgi_validation, body);
	int rc;

	if (x->is_closed)
		return late(x, WSGI_RULE_NEXT_AFTER_CLOSE);
	rc = settle(x, x->inner->count(x->inner, &x->count));
	if (rc > 0)
		return tell_broke(x, WSGI_RULE_RETURN, "count()");
	x->is_counted = rc == 0;
	if (x->is_counted && x->chunks > x->count)
		return tell_broke(x, WSGI_RULE_COUNT, "there are more chunks");
	*chunks = x->count;
	return rc;
}

/* Free the exchange that was closed before: who uses that one again has had its chance. */
static void bury(struct wsgi_validation *x)
{
	struct wsgi_validator *v = x->validator;

	wsgi_input_finish(&x->input);
	x->is_closed = true;
	free(__atomic_exchange_n(&v->closed, x, __ATOMIC_ACQ_REL));
	__atomic_sub_fetch(&v->open, 1, __ATOMIC_RELAXED);
}

static int close_body(struct wsgi_body *body)
{
	struct wsgi_validation *x = container_of(body, struct wsgi_validation, body);
	int rc;

	if (x->is_closed)
		return late(x, WSGI_RULE_CLOSED_TWICE);
	rc = wsgi_body_close(x->inner);
	if (rc > 0)
		rc = broke(x, WSGI_RULE_RETURN, "close()");
	if (is_input_changed(x))
		wsgi_rule_warn(WSGI_RULE_INPUT_CLOSED, NULL, warnings_of(x));
	rc = settle(x, rc);
	bury(x);
	return rc;
}

/* -- the call ---------------------------------------------------------------------------------- */

static int check_call(const struct wsgi_validator *v, const struct wsgi_environ *env,
		      const struct wsgi_start *start, struct wsgi_body *const *body)
{
	struct wsgi_error *failure = start != NULL ? start->failure : NULL;

	if (env == NULL || start == NULL || body == NULL)
		return wsgi_rule_break(WSGI_RULE_ARGUMENTS, NULL, failure);
	if (start->respond == NULL || start->write == NULL)
		return wsgi_rule_break(WSGI_RULE_CALLABLES, NULL, failure);
	return wsgi_rules_environ(env, v->warnings != NULL ? v->warnings : env->errors, failure);
}

static struct wsgi_validation *create(struct wsgi_validator *v, const struct wsgi_environ *env,
				      struct wsgi_start *start)
{
	struct wsgi_validation *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->validator = v;
	x->server_input = env->input;
	x->server_errors = env->errors;
	x->server_start = start;
	x->input_len = wsgi_input_left(env->input);
	wsgi_input_init(&x->input, read_input, x->input_len);
	x->errors.write = write_errors;
	x->errors.flush = env->errors->flush != NULL ? flush_errors : NULL;
	x->start = (struct wsgi_start){.respond = respond,
				       .write = write_body,
				       .error = start->error,
				       .failure = start->failure};
	x->env = *env; /* its variables are borrowed; nobody sets or finishes this one */
	x->env.input = &x->input;
	x->env.errors = &x->errors;
	x->length = x->content_length = UINT64_MAX;
	wsgi_length_parse(wsgi_environ_get(env, "CONTENT_LENGTH"), &x->content_length);
	x->is_head = strcmp(wsgi_environ_get(env, "REQUEST_METHOD"), "HEAD") == 0;
	return x;
}

static int check_result(struct wsgi_validation *x, const struct wsgi_body *inner)
{
	const struct wsgi_file *file = inner != NULL ? inner->file : NULL;

	if (x->must_end)
		return tell_broke(x, WSGI_RULE_EXC_TRAPPED, NULL);
	if (inner == NULL)
		return tell_broke(x, WSGI_RULE_NO_BODY, NULL);
	if (inner->next == NULL)
		return tell_broke(x, WSGI_RULE_BODY_NEXT, NULL);
	if (file != NULL && (file->fd < 0 || file->offset < 0))
		return tell_broke(x, WSGI_RULE_BODY_FILE, NULL);
	return 0;
}

static void give(struct wsgi_validation *x, struct wsgi_body *inner, struct wsgi_body **body)
{
	x->inner = inner;
	x->body = (struct wsgi_body){.next = next,
				     .close = close_body,
				     .count = inner->count != NULL ? count : NULL,
				     .eager = inner->eager,
				     .file = inner->file};
	__atomic_add_fetch(&x->validator->open, 1, __ATOMIC_RELAXED);
	*body = &x->body;
}

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	struct wsgi_validator *v = container_of(app, struct wsgi_validator, app);
	struct wsgi_validation *x = NULL;
	struct wsgi_body *inner = NULL;
	int rc = check_call(v, env, start, body), returned;

	if (rc != 0)
		return rc;
	x = create(v, env, start);
	if (x == NULL)
		return -ENOMEM;
	returned = v->application->call(v->application, &x->env, &x->start, &inner);
	rc = settle(x, returned);
	if (rc > 0)
		rc = tell_broke(x, WSGI_RULE_RETURN, "call()");
	else if (rc == 0)
		rc = check_result(x, inner);
	if (rc == 0) {
		give(x, inner, body);
		return 0;
	}
	if (returned == 0)
		wsgi_body_close(inner);
	wsgi_input_finish(&x->input);
	free(x);
	return rc;
}

/* -- what is passed on ------------------------------------------------------------------------- */

static struct wsgi_app *application_of(struct wsgi_app *app)
{
	return container_of(app, struct wsgi_validator, app)->application;
}

static void log_exception(struct wsgi_app *app, struct wsgi_errors *errors,
			  const struct wsgi_error *error, int limit)
{
	struct wsgi_app *inner = application_of(app);

	inner->log_exception(inner, errors, error, limit);
}

static int trace(struct wsgi_app *app, struct wsgi_trace *t)
{
	struct wsgi_app *inner = application_of(app);

	return inner->trace(inner, t);
}

static void drop_exception(struct wsgi_app *app)
{
	struct wsgi_app *inner = application_of(app);

	inner->drop_exception(inner);
}

static void leave(struct wsgi_app *app)
{
	struct wsgi_app *inner = application_of(app);

	inner->leave(inner);
}

static void enter(struct wsgi_app *app)
{
	struct wsgi_app *inner = application_of(app);

	inner->enter(inner);
}

static void thread_ends(struct wsgi_app *app)
{
	struct wsgi_app *inner = application_of(app);

	inner->thread_ends(inner);
}

void wsgi_validator_init(struct wsgi_validator *v, struct wsgi_app *application)
{
	const struct wsgi_app *a = application;

	*v = (struct wsgi_validator){
		.app = {.call = call,
			.log_exception = a->log_exception != NULL ? log_exception : NULL,
			.trace = a->trace != NULL ? trace : NULL,
			.drop_exception = a->drop_exception != NULL ? drop_exception : NULL,
			.leave = a->leave != NULL ? leave : NULL,
			.enter = a->enter != NULL ? enter : NULL,
			.thread_ends = a->thread_ends != NULL ? thread_ends : NULL},
		.application = application,
	};
}

size_t wsgi_validator_finish(struct wsgi_validator *v)
{
	if (v == NULL)
		return 0;
	free(v->closed);
	v->closed = NULL;
	if (v->open > 0)
		wsgi_rule_warn(WSGI_RULE_NEVER_CLOSED, NULL, v->warnings);
	return v->open;
}
