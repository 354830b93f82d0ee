#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/container.h"
#include "wsgi/rules.h"
#include "wsgi/validate.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define HEADERS(...)                                                                               \
	.headers = (const struct wsgi_header[]){__VA_ARGS__},                                      \
	.headers_len =                                                                             \
		sizeof((const struct wsgi_header[]){__VA_ARGS__}) / sizeof(struct wsgi_header)
#define TYPE                                                                                       \
	{                                                                                          \
		"Content-Type", "text/plain"                                                       \
	}

/* What next() gives: its return, and a chunk; data NULL with NO_DATA bytes is no chunk at all. */
struct step {
	int rc;
	const char *data;
};
static const char no_data[] = "NULL, and a length", untouched[] = "neither is set";

/* One exchange: what the two sides do where they do not do what is right. */
struct play {
	/* The server. */
	const char *name, *value; /* a variable; value NULL: it is not set */
	const char *scheme;
	void (*server)(void);                 /* what it does before the call */
	int (*serve)(struct wsgi_body *body); /* with the body, in place of serve_well() */
	/* The application. */
	const char *status;
	const struct wsgi_header *headers;
	size_t headers_len;
	const struct wsgi_error *exc;
	int (*call)(const struct wsgi_environ *env, struct wsgi_start *start); /* before that */
	int (*also)(const struct wsgi_environ *env, struct wsgi_start *start); /* after that */
	int (*within)(struct wsgi_start *start); /* in next() number within_at, from 0 */
	int within_at;
	int call_rc, close_rc, count_rc;
	bool no_body, no_next;
	const struct wsgi_file *file;
	size_t count; /* what count() says, if it is not 0 */
	bool eager;
	const struct step *steps; /* up to an rc that is not 1 */
};

/* -- the server -------------------------------------------------------------------------------- */

static struct play play;
static struct wsgi_validator validator;
static struct wsgi_app application;
static struct wsgi_environ env;
static const struct wsgi_environ *given_env;
static struct wsgi_start start, *given_start;
static struct wsgi_body **given_body;
static struct wsgi_input input;
static struct wsgi_errors errors;
static struct wsgi_error failure, start_error;
static struct wsgi_buf sent, logged;
static int start_rc, write_rc, responds;
static const struct wsgi_error *last_exc; /* that start_response() was given */
static size_t give;                       /* what the server's read() says it gave; 0: the truth */
static const char *upload;

static const char *text_of(struct wsgi_buf *b)
{
	ck_assert_int_eq(wsgi_buf_reserve(b, 1), 0);
	b->data[b->len] = '\0';
	return b->data;
}

static int server_respond(struct wsgi_start *s, const char *status,
			  const struct wsgi_header *headers, size_t n, const struct wsgi_error *exc)
{
	ck_assert_ptr_eq(s, &start);
	last_exc = exc;
	responds++;
	if (start_rc != 0)
		return start_rc;
	wsgi_buf_addf(&sent, "%s\n", status);
	for (size_t i = 0; i < n; i++)
		wsgi_buf_addf(&sent, "%s: %s\n", headers[i].name, headers[i].value);
	return 0;
}

static int server_write(struct wsgi_start *s, const void *data, size_t len)
{
	ck_assert_ptr_eq(s, &start);
	return write_rc != 0 ? write_rc : wsgi_buf_add(&sent, data, len);
}

static ssize_t server_read(struct wsgi_input *in, void *buf, size_t len)
{
	size_t n = strlen(upload);

	(void)in;
	if (n > len)
		n = len;
	memcpy(buf, upload, n);
	upload += n;
	return (ssize_t)(give != 0 ? give : n);
}

static int server_log(struct wsgi_errors *e, const char *data, size_t len)
{
	ck_assert_ptr_eq(e, &errors);
	return wsgi_buf_add(&logged, data, len);
}

static int serve_well(struct wsgi_body *body)
{
	const void *data = no_data;
	size_t len = 1, count;
	bool asked = body->count == NULL;
	int rc;

	while ((rc = body->next(body, &data, &len)) > 0) {
		wsgi_buf_add(&sent, data, len);
		if (!asked && (rc = body->count(body, &count)) < 0 && rc != -ENOTSUP)
			break;
		asked = true;
	}
	if (rc < 0)
		body->close(body);
	return rc < 0 ? rc : body->close(body);
}

/* -- the application --------------------------------------------------------------------------- */

static struct body {
	struct wsgi_body body;
	struct wsgi_start *start;
	const struct step *at;
	int closed;
} body;

static int app_next(struct wsgi_body *b, const void **data, size_t *len)
{
	int rc = 0;

	ck_assert_ptr_eq(b, &body.body);
	if (body.at == play.steps + play.within_at && play.within != NULL)
		rc = play.within(body.start);
	if (rc != 0)
		return rc;
	if (body.at->data == untouched)
		return (body.at++)->rc;
	*data = body.at->data == no_data ? NULL : body.at->data;
	*len = body.at->data != NULL ? strlen(body.at->data) : 0;
	return (body.at++)->rc;
}

static int app_close(struct wsgi_body *b)
{
	ck_assert_ptr_eq(b, &body.body);
	body.closed++;
	return play.close_rc;
}

static int app_count(struct wsgi_body *b, size_t *count)
{
	ck_assert_ptr_eq(b, &body.body);
	*count = play.count;
	return play.count_rc;
}

static int app_call(struct wsgi_app *app, const struct wsgi_environ *e, struct wsgi_start *s,
		    struct wsgi_body **result)
{
	int rc = 0;

	ck_assert_ptr_eq(app, &application);
	if (play.call != NULL)
		rc = play.call(e, s);
	if (rc == 0 && play.status != NULL)
		rc = s->respond(s, play.status, play.headers, play.headers_len, play.exc);
	if (rc == 0 && play.also != NULL)
		rc = play.also(e, s);
	if (rc != 0)
		return rc;
	body = (struct body){.start = s, .at = play.steps};
	body.body = (struct wsgi_body){
		.next = play.no_next ? NULL : app_next,
		.close = app_close,
		.count = play.count != 0 || play.count_rc != 0 ? app_count : NULL,
		.eager = play.eager,
		.file = play.file,
	};
	if (!play.no_body)
		*result = &body.body;
	return play.call_rc;
}

/* -- given, when ------------------------------------------------------------------------------- */

static const struct {
	const char *name, *value;
} vars[] = {
	{"REQUEST_METHOD", "GET"}, {"SERVER_NAME", "localhost"},
	{"SERVER_PORT", "80"},     {"SCRIPT_NAME", ""},
	{"PATH_INFO", "/"},        {"QUERY_STRING", ""},
	{"CONTENT_LENGTH", "10"},  {"SERVER_PROTOCOL", "HTTP/1.1"},
};

static void given_a_server(void)
{
	wsgi_environ_init(&env);
	for (int i = 0; i < LEN(vars); i++)
		ck_assert_int_eq(wsgi_environ_set(&env, vars[i].name, vars[i].value), 0);
	upload = "one\ntwo\nrest";
	wsgi_input_init(&input, server_read, 10);
	errors = (struct wsgi_errors){.write = server_log};
	env.url_scheme = "http";
	env.input = &input;
	env.errors = &errors;
	start = (struct wsgi_start){.respond = server_respond,
				    .write = server_write,
				    .error = &start_error,
				    .failure = &failure};
	given_env = &env;
	given_start = &start;
	failure = (struct wsgi_error){0};
	start_rc = write_rc = responds = 0;
	give = 0;
	application = (struct wsgi_app){.call = app_call};
	wsgi_validator_init(&validator, &application);
}

static void tear_down(void)
{
	wsgi_validator_finish(&validator);
	ck_assert_uint_eq(wsgi_validator_finish(NULL), 0);
	wsgi_environ_finish(&env);
	wsgi_input_finish(&input);
	wsgi_buf_finish(&sent);
	wsgi_buf_finish(&logged);
}

static const struct step hello[] = {{1, "hello"}, {0, NULL}};
static const struct wsgi_header plain[] = {TYPE};

/* The whole exchange. Returns what the server was told at last. */
static int when_played(const struct play *p)
{
	struct wsgi_body *result = NULL;
	int rc;

	play = *p;
	if (play.call == NULL && play.status == NULL)
		play.status = "200 OK";
	if (play.headers == NULL) {
		play.headers = plain;
		play.headers_len = 1;
	}
	if (play.steps == NULL)
		play.steps = hello;
	if (play.scheme != NULL)
		env.url_scheme = play.scheme;
	if (play.name != NULL && play.value != NULL)
		wsgi_environ_set(&env, play.name, play.value);
	else if (play.name != NULL)
		wsgi_environ_delete(&env, play.name);
	given_body = &result;
	if (play.server != NULL)
		play.server();
	rc = validator.app.call(&validator.app, given_env, given_start, given_body);
	if (rc != 0)
		return rc;
	return play.serve != NULL ? play.serve(result) : serve_well(result);
}

/* -- how the server breaks a rule -------------------------------------------------------------- */

static void without_environ(void)
{
	given_env = NULL;
}

static void without_body(void)
{
	given_body = NULL;
}

static void without_write(void)
{
	start.write = NULL;
}

static void without_respond(void)
{
	start.respond = NULL;
}

static void without_input(void)
{
	env.input = NULL;
}

static void without_errors(void)
{
	env.errors = NULL;
}

static void without_read(void)
{
	input.read = NULL;
}

static void without_log(void)
{
	errors.write = NULL;
}

static void without_scheme(void)
{
	env.url_scheme = NULL;
}

static void without_paths(void)
{
	wsgi_environ_delete(&env, "SCRIPT_NAME");
	wsgi_environ_delete(&env, "PATH_INFO");
}

static void with_input_that_lies(void)
{
	give = 100000;
}

static void with_endless_input_that_lies(void)
{
	with_input_that_lies();
	wsgi_environ_delete(&env, "CONTENT_LENGTH");
	input.left = UINT64_MAX;
}

static void with_input_that_goes_on(void)
{
	wsgi_environ_set(&env, "CONTENT_LENGTH", "3");
	input.left = UINT64_MAX;
}

static void with_start_that_returns_1(void)
{
	start_rc = 1;
}

static void with_write_that_returns_1(void)
{
	write_rc = 1;
}

static void with_start_that_fails(void)
{
	start_rc = -EALREADY;
}

static int nexts(struct wsgi_body *b, int n)
{
	const void *data;
	size_t len;
	int rc = 1;

	for (int i = 0; i < n; i++)
		rc = b->next(b, &data, &len);
	return rc;
}

static int asks_after_the_end(struct wsgi_body *b)
{
	int rc = nexts(b, 3);

	b->close(b);
	return rc;
}

static int counts_late(struct wsgi_body *b)
{
	size_t n;
	int rc = nexts(b, 2);

	if (rc == 1)
		rc = b->count(b, &n);
	b->close(b);
	return rc;
}

static void with_a_log_of_warnings(void)
{
	validator.warnings = &errors;
}

static int asks_after_close(struct wsgi_body *b)
{
	b->close(b);
	return nexts(b, 1);
}

static int counts_after_close(struct wsgi_body *b)
{
	size_t n;

	b->close(b);
	return b->count(b, &n);
}

static int closes_twice(struct wsgi_body *b)
{
	b->close(b);
	return b->close(b);
}

/* Finish the validator before what is never closed is freed: no exchange outlives its test. */
static int never_closes(struct wsgi_body *b)
{
	size_t open = wsgi_validator_finish(&validator);

	ck_assert_uint_eq(open, 1);
	return b->close(b);
}

/* -- how the application does ------------------------------------------------------------------ */

static int gives_no_status(const struct wsgi_environ *e, struct wsgi_start *s)
{
	(void)e;
	return s->respond(s, NULL, plain, 1, NULL);
}

static int gives_no_list(const struct wsgi_environ *e, struct wsgi_start *s)
{
	(void)e;
	return s->respond(s, "200 OK", NULL, 1, NULL);
}

static int starts_again(const struct wsgi_environ *e, struct wsgi_start *s)
{
	(void)e;
	return s->respond(s, "200 OK", plain, 1, NULL);
}

static int starts_again_in_next(struct wsgi_start *s)
{
	return s->respond(s, "200 OK", plain, 1, NULL);
}

static const struct wsgi_error trouble = {.code = -EIO, .text = "trouble"};
static const struct wsgi_error no_trouble = {.text = "no trouble"};

static int traps(const struct wsgi_environ *e, struct wsgi_start *s)
{
	(void)e;
	ck_assert_int_eq(s->respond(s, "500 Oh", plain, 1, &trouble), -EALREADY);
	return 0;
}

static int traps_in_next(struct wsgi_start *s)
{
	start_rc = -EALREADY;
	ck_assert_int_eq(s->respond(s, "500 Oh", plain, 1, &trouble), -EALREADY);
	return 0;
}

static int writes(const struct wsgi_environ *e, struct wsgi_start *s)
{
	(void)e;
	return s->write(s, "hello", 5);
}

static int writes_and_fails(const struct wsgi_environ *e, struct wsgi_start *s)
{
	int rc = s->write(s, "hello", 5);

	(void)e;
	return rc == 0 ? s->respond(s, "500 Oh", plain, 1, &trouble) : rc;
}

static int writes_null(const struct wsgi_environ *e, struct wsgi_start *s)
{
	(void)e;
	return s->write(s, NULL, 5);
}

static int writes_early_and_more(const struct wsgi_environ *e, struct wsgi_start *s)
{
	ck_assert_int_eq(s->write(s, "hello", 5), -EPROTO);
	ck_assert_str_eq(s->error->text, "the application: write() before start_response() "
					 "(PEP 3333, The start_response() Callable)");
	return e->errors->write(e->errors, NULL, 1); /* the first broken rule is told */
}

static int starts_with_exc_in_next(struct wsgi_start *s)
{
	return s->respond(s, "500 Oh", plain, 1, &trouble);
}

static int writes_in_next(struct wsgi_start *s)
{
	return s->write(s, "hello", 5);
}

static int passes_over(const struct wsgi_environ *e, struct wsgi_start *s)
{
	(void)e;
	s->respond(s, "200 OK", plain, 1, NULL);
	s->respond(s, "nonsense", plain, 1, NULL); /* it is the first broken rule that is told */
	return 0;
}

static int renames(const struct wsgi_environ *e, struct wsgi_start *s)
{
	(void)e;
	s->respond(s, "200 OK", plain, 1, NULL);
	return -EIO;
}

static int reads_nothing(const struct wsgi_environ *e, struct wsgi_start *s)
{
	char c;

	(void)s;
	return (int)e->input->read(e->input, &c, 0);
}

static int reads_nowhere(const struct wsgi_environ *e, struct wsgi_start *s)
{
	(void)s;
	return (int)e->input->read(e->input, NULL, 1);
}

static int reads(const struct wsgi_environ *e, struct wsgi_start *s)
{
	char buf[100];
	ssize_t n = wsgi_input_read(e->input, buf, sizeof(buf));

	(void)s;
	return n < 0 ? (int)n : 0;
}

static int reads_more_than_there_is(const struct wsgi_environ *e, struct wsgi_start *s)
{
	e->input->left += 100;
	return reads(e, s);
}

static int closes_input(const struct wsgi_environ *e, struct wsgi_start *s)
{
	(void)s;
	wsgi_input_finish(e->input);
	return 0;
}

static int logs_nothing(const struct wsgi_environ *e, struct wsgi_start *s)
{
	(void)s;
	return e->errors->write(e->errors, NULL, 1);
}

static int logs_latin1(const struct wsgi_environ *e, struct wsgi_start *s)
{
	(void)s;
	e->errors->write(e->errors, "caf\xe9", 4);
	return e->errors->write(e->errors, "\xff\n", 2);
}

static int logs_half_a_character(const struct wsgi_environ *e, struct wsgi_start *s)
{
	(void)s;
	return e->errors->write(e->errors, "\xc3\xa9", 1);
}

static const struct wsgi_file no_file = {.fd = -1, .len = UINT64_MAX};
static const struct wsgi_file before_file = {.fd = 0, .offset = -1, .len = UINT64_MAX};
static const struct step two_chunks[] = {{1, "a"}, {1, "b"}, {0, NULL}};
static const struct step no_chunks[] = {{0, NULL}};
static const struct step odd_next[] = {{2, NULL}};
static const struct step no_bytes[] = {{1, no_data}};

/* -- every rule, and who breaks it ------------------------------------------------------------- */

#define PEP(section) " (PEP 3333, " section ")"
#define ENVIRON PEP("environ Variables")
#define STREAMS PEP("Input and Error Streams")
#define START PEP("The start_response() Callable")
#define WRITE PEP("The write() Callable")
#define LENGTH PEP("Handling the Content-Length Header")
#define ERROR PEP("Error Handling")
#define DETAILS PEP("Specification Details")
#define FILES PEP("Optional Platform-Specific File Handling")
#define WSGIREF " (wsgiref.validate)"
#define RFC9110(section) " (RFC 9110, " section ")"
#define SERVER "the server: "
#define APPLICATION "the application: "
#define WARNING "validate: warning: "

/* A message that begins with WARNING is a line of the log, and the exchange goes well. */
static const struct {
	enum wsgi_rule rule;
	struct play play;
	const char *message;
} broken[] = {
	{WSGI_RULE_ARGUMENTS,
	 {.server = without_environ},
	 SERVER "an application is called with an environ, a start_response and a place for its "
		"body" DETAILS},
	{WSGI_RULE_ARGUMENTS,
	 {.server = without_body},
	 SERVER "an application is called with an environ, a start_response and a place for its "
		"body" DETAILS},
	{WSGI_RULE_CALLABLES,
	 {.server = without_respond},
	 SERVER "start_response() and write() must be there" START},
	{WSGI_RULE_CALLABLES,
	 {.server = without_write},
	 SERVER "start_response() and write() must be there" START},
	{WSGI_RULE_REQUIRED,
	 {.name = "REQUEST_METHOD"},
	 SERVER "the environ must contain this variable: 'REQUEST_METHOD'" ENVIRON},
	{WSGI_RULE_REQUIRED,
	 {.name = "SERVER_NAME"},
	 SERVER "the environ must contain this variable: 'SERVER_NAME'" ENVIRON},
	{WSGI_RULE_REQUIRED,
	 {.name = "SERVER_PORT"},
	 SERVER "the environ must contain this variable: 'SERVER_PORT'" ENVIRON},
	{WSGI_RULE_REQUIRED,
	 {.server = without_input},
	 SERVER "the environ must contain this variable: 'wsgi.input'" ENVIRON},
	{WSGI_RULE_REQUIRED,
	 {.server = without_errors},
	 SERVER "the environ must contain this variable: 'wsgi.errors'" ENVIRON},
	{WSGI_RULE_HTTP_CONTENT,
	 {.name = "HTTP_CONTENT_TYPE", .value = "text/plain"},
	 SERVER
	 "CONTENT_TYPE and CONTENT_LENGTH have no HTTP_ in front: 'HTTP_CONTENT_TYPE'" ENVIRON},
	{WSGI_RULE_HTTP_CONTENT,
	 {.name = "HTTP_CONTENT_LENGTH", .value = "1"},
	 SERVER
	 "CONTENT_TYPE and CONTENT_LENGTH have no HTTP_ in front: 'HTTP_CONTENT_LENGTH'" ENVIRON},
	{WSGI_RULE_QUERY_STRING,
	 {.name = "QUERY_STRING"},
	 WARNING SERVER
	 "QUERY_STRING is not in the environ; Python's cgi module would use sys.argv" WSGIREF},
	{WSGI_RULE_URL_SCHEME,
	 {.scheme = "ftp"},
	 SERVER "wsgi.url_scheme must be \"http\" or \"https\": 'ftp'" ENVIRON},
	{WSGI_RULE_URL_SCHEME,
	 {.server = without_scheme},
	 SERVER "wsgi.url_scheme must be \"http\" or \"https\"" ENVIRON},
	{WSGI_RULE_ERRORS,
	 {.server = without_log},
	 SERVER "wsgi.errors must have a write()" STREAMS},
	{WSGI_RULE_ERRORS,
	 {.name = "QUERY_STRING", .server = without_log}, /* of which nobody can be warned */
	 SERVER "wsgi.errors must have a write()" STREAMS},
	{WSGI_RULE_METHOD_UNKNOWN,
	 {.name = "REQUEST_METHOD", .value = "BREW"},
	 WARNING SERVER "unknown REQUEST_METHOD: 'BREW'" WSGIREF},
	{WSGI_RULE_SCRIPT_NAME,
	 {.name = "SCRIPT_NAME", .value = "app"},
	 SERVER "SCRIPT_NAME must be empty or begin with \"/\": 'app'" ENVIRON},
	{WSGI_RULE_PATH_INFO,
	 {.name = "PATH_INFO", .value = "it's\n\\here"},
	 SERVER "PATH_INFO must be empty or begin with \"/\": 'it\\'s\\x0a\\\\here'" ENVIRON},
	{WSGI_RULE_CONTENT_LENGTH,
	 {.name = "CONTENT_LENGTH", .value = "-1"},
	 SERVER "CONTENT_LENGTH must be empty, absent or a number of bytes: '-1'" ENVIRON},
	{WSGI_RULE_NO_PATH,
	 {.server = without_paths},
	 SERVER "one of SCRIPT_NAME and PATH_INFO is required" ENVIRON},
	{WSGI_RULE_SCRIPT_NAME_ROOT,
	 {.name = "SCRIPT_NAME", .value = "/"},
	 SERVER "SCRIPT_NAME cannot be \"/\"; it should be empty, and PATH_INFO \"/\"" ENVIRON},
	{WSGI_RULE_EMPTY,
	 {.name = "REQUEST_METHOD", .value = ""},
	 SERVER "this variable can never be an empty string: 'REQUEST_METHOD'" ENVIRON},
	{WSGI_RULE_EMPTY,
	 {.name = "SERVER_NAME", .value = ""},
	 WARNING SERVER "this variable can never be an empty string: 'SERVER_NAME'" ENVIRON},
	{WSGI_RULE_EMPTY,
	 {.name = "SERVER_PORT", .value = ""},
	 WARNING SERVER "this variable can never be an empty string: 'SERVER_PORT'" ENVIRON},
	{WSGI_RULE_PROTOCOL,
	 {.name = "SERVER_PROTOCOL"},
	 WARNING SERVER "SERVER_PROTOCOL is not in the environ" ENVIRON},
	{WSGI_RULE_READ_TOO_MUCH,
	 {.server = with_input_that_lies, .also = reads},
	 SERVER "wsgi.input.read(size) gave more than size bytes" STREAMS},
	{WSGI_RULE_READ_TOO_MUCH,
	 {.server = with_endless_input_that_lies, .also = reads},
	 SERVER "wsgi.input.read(size) gave more than size bytes" STREAMS},
	{WSGI_RULE_READ_ON,
	 {.server = with_input_that_goes_on, .also = reads},
	 WARNING SERVER "wsgi.input should end at CONTENT_LENGTH bytes" STREAMS},
	{WSGI_RULE_START_RETURN,
	 {.server = with_start_that_returns_1},
	 SERVER "start_response() and write() return 0 or a negative errno" START},
	{WSGI_RULE_START_RETURN,
	 {.server = with_write_that_returns_1, .also = writes},
	 SERVER "start_response() and write() return 0 or a negative errno" START},
	{WSGI_RULE_EXC_ACCEPTED,
	 {.also = writes_and_fails},
	 SERVER
	 "start_response() with exc_info must raise it when the headers have been sent" ERROR},
	{WSGI_RULE_EXC_ACCEPTED,
	 {.within = starts_with_exc_in_next, .within_at = 1},
	 SERVER
	 "start_response() with exc_info must raise it when the headers have been sent" ERROR},
	{WSGI_RULE_NEXT_AFTER_END,
	 {.serve = asks_after_the_end},
	 SERVER "the body was asked for more after its end" DETAILS},
	{WSGI_RULE_NEXT_AFTER_CLOSE,
	 {.server = with_a_log_of_warnings, .serve = asks_after_close},
	 WARNING SERVER "the body was used after its close()" DETAILS},
	{WSGI_RULE_NEXT_AFTER_CLOSE,
	 {.server = with_a_log_of_warnings, .serve = counts_after_close, .count = 1},
	 WARNING SERVER "the body was used after its close()" DETAILS},
	{WSGI_RULE_CLOSED_TWICE,
	 {.server = with_a_log_of_warnings, .serve = closes_twice},
	 WARNING SERVER "close() of a body must be called once" DETAILS},
	{WSGI_RULE_NEVER_CLOSED,
	 {.server = with_a_log_of_warnings, .serve = never_closes},
	 WARNING SERVER "close() of a body must be called, however the request ended" DETAILS},
	{WSGI_RULE_STATUS_STRING,
	 {.call = gives_no_status},
	 APPLICATION "the status must be a string" START},
	{WSGI_RULE_STATUS_CODE,
	 {.status = "OK"},
	 APPLICATION "the status must begin with a code of three digits: 'OK'" START},
	{WSGI_RULE_STATUS_CODE,
	 {.status = "2000 OK"},
	 APPLICATION "the status must begin with a code of three digits: '2000 OK'" START},
	{WSGI_RULE_STATUS_CODE,
	 {.status = ""},
	 APPLICATION "the status must begin with a code of three digits: ''" START},
	{WSGI_RULE_STATUS_RANGE,
	 {.status = "099 Low"},
	 APPLICATION "a status code is 100 or more: '099 Low'" START},
	{WSGI_RULE_HEADERS_LIST,
	 {.call = gives_no_list},
	 APPLICATION "the headers must be a list" START},
	{WSGI_RULE_HEADER_PAIR,
	 {HEADERS(TYPE, {NULL, "x"})},
	 APPLICATION "a header must be a name and a value, both strings" START},
	{WSGI_RULE_HEADER_PAIR,
	 {HEADERS(TYPE, {"X-Half", NULL})},
	 APPLICATION "a header must be a name and a value, both strings: 'X-Half'" START},
	{WSGI_RULE_HEADER_STATUS,
	 {HEADERS(TYPE, {"STATUS", "200"})},
	 APPLICATION "the status is not given as a header: '200'" WSGIREF},
	{WSGI_RULE_HEADER_COLON,
	 {HEADERS(TYPE, {"X:Y", "x"})},
	 APPLICATION "a header name may not contain \":\" or a newline: 'X:Y'" START},
	{WSGI_RULE_HEADER_COLON,
	 {HEADERS(TYPE, {"X\nY", "x"})},
	 APPLICATION "a header name may not contain \":\" or a newline: 'X\\x0aY'" START},
	{WSGI_RULE_HEADER_NAME,
	 {HEADERS(TYPE, {"X Y", "x"})},
	 APPLICATION "a header name must be a valid HTTP field-name: 'X Y'" START},
	{WSGI_RULE_HEADER_NAME,
	 {HEADERS(TYPE, {"", "x"})},
	 APPLICATION "a header name must be a valid HTTP field-name: ''" START},
	{WSGI_RULE_HEADER_NAME_END,
	 {HEADERS(TYPE, {"X-", "x"})},
	 APPLICATION "a header name may not end in \"-\" or \"_\": 'X-'" WSGIREF},
	{WSGI_RULE_HEADER_NAME_END,
	 {HEADERS(TYPE, {"X_", "x"})},
	 APPLICATION "a header name may not end in \"-\" or \"_\": 'X_'" WSGIREF},
	{WSGI_RULE_HEADER_VALUE,
	 {HEADERS(TYPE, {"X", "a\r\nEvil: 1"})},
	 APPLICATION
	 "a header value must not include control characters: 'a\\x0d\\x0aEvil: 1'" START},
	{WSGI_RULE_HEADER_VALUE,
	 {HEADERS(TYPE, {"X", "\x7f"})},
	 APPLICATION "a header value must not include control characters: '\\x7f'" START},
	{WSGI_RULE_TYPE_UNWANTED,
	 {.status = "304 Same"},
	 APPLICATION "a response 204 or 304 must not have a Content-Type: 'text/plain'" WSGIREF},
	{WSGI_RULE_TYPE_MISSING,
	 {HEADERS({"X", "y"})},
	 APPLICATION "there must be a Content-Type header" WSGIREF},
	{WSGI_RULE_EXC_INFO,
	 {.exc = &no_trouble},
	 APPLICATION "exc_info must say what went wrong: its code is a negative errno" START},
	{WSGI_RULE_STATUS_CONTROL,
	 {.status = "200 OK\x7f"},
	 APPLICATION "the status must not contain control characters: '200 OK\\x7f'" START},
	{WSGI_RULE_STATUS_CONTROL,
	 {.status = "200 OK\r\n"},
	 APPLICATION "the status must not contain control characters: '200 OK\\x0d\\x0a'" START},
	{WSGI_RULE_STATUS_FORM,
	 {.status = " 200 OK"},
	 APPLICATION "the status must be of the form \"999 Message here\": ' 200 OK'" START},
	{WSGI_RULE_STATUS_FORM,
	 {.status = "200"},
	 APPLICATION "the status must be of the form \"999 Message here\": '200'" START},
	{WSGI_RULE_STATUS_SPACE,
	 {.status = "200  OK"},
	 WARNING APPLICATION "a status is a code and a reason, separated by a single space, with "
			     "none around them: '200  OK'" START},
	{WSGI_RULE_STATUS_SPACE,
	 {.status = "200 OK "},
	 WARNING APPLICATION "a status is a code and a reason, separated by a single space, with "
			     "none around them: '200 OK '" START},
	{WSGI_RULE_STATUS_INTERIM,
	 {.status = "103 Early", .steps = no_chunks},
	 WARNING APPLICATION
	 "a status 1xx is no answer yet, and the server's to send: '103 Early'" RFC9110("15.2")},
	{WSGI_RULE_HOP_BY_HOP,
	 {HEADERS(TYPE, {"Connection", "close"})},
	 APPLICATION "hop-by-hop headers are forbidden: 'Connection'" PEP("Other HTTP Features")},
	{WSGI_RULE_LENGTH_FORM,
	 {HEADERS(TYPE, {"Content-Length", "+5"})},
	 APPLICATION "Content-Length must be a number of bytes: '+5'" RFC9110("8.6")},
	{WSGI_RULE_LENGTH_FORM,
	 {HEADERS(TYPE, {"Content-Length", ""})},
	 APPLICATION "Content-Length must be a number of bytes: ''" RFC9110("8.6")},
	{WSGI_RULE_LENGTH_TWICE,
	 {HEADERS(TYPE, {"Content-Length", "5"}, {"content-length", "6"})},
	 APPLICATION "there is one Content-Length at most: '6'" RFC9110("8.6")},
	{WSGI_RULE_LENGTH_UNWANTED,
	 {.status = "204 None", HEADERS({"Content-Length", "0"}), .steps = no_chunks},
	 WARNING APPLICATION "a response 1xx or 204 has no Content-Length" RFC9110("8.6")},
	{WSGI_RULE_START_TWICE,
	 {.also = starts_again},
	 APPLICATION "start_response() must not be called again without exc_info: '200 OK'" START},
	{WSGI_RULE_START_TWICE,
	 {.within = starts_again_in_next},
	 APPLICATION "start_response() must not be called again without exc_info: '200 OK'" START},
	{WSGI_RULE_START_TWICE,
	 {.also = passes_over},
	 APPLICATION "start_response() must not be called again without exc_info: '200 OK'" START},
	{WSGI_RULE_START_TWICE,
	 {.also = renames},
	 APPLICATION "start_response() must not be called again without exc_info: '200 OK'" START},
	{WSGI_RULE_EXC_TRAPPED,
	 {.server = with_start_that_fails, .call = traps},
	 APPLICATION "must not trap what start_response() raises when called with exc_info" ERROR},
	{WSGI_RULE_EXC_TRAPPED,
	 {.within = traps_in_next},
	 APPLICATION "must not trap what start_response() raises when called with exc_info" ERROR},
	{WSGI_RULE_WRITE_EARLY,
	 {.call = writes},
	 APPLICATION "write() before start_response()" START},
	{WSGI_RULE_WRITE_EARLY,
	 {.call = writes_early_and_more},
	 APPLICATION "write() before start_response()" START},
	{WSGI_RULE_WRITE_NULL,
	 {.also = writes_null},
	 APPLICATION "what is given to write() must be bytes" WRITE},
	{WSGI_RULE_WRITE_IN_BODY,
	 {.within = writes_in_next},
	 APPLICATION "must not invoke write() from within its return iterable" WRITE},
	{WSGI_RULE_NO_BODY,
	 {.no_body = true},
	 APPLICATION "must return an iterable, even if it is an empty one" WRITE},
	{WSGI_RULE_BODY_NEXT, {.no_next = true}, APPLICATION "the body must have a next()" DETAILS},
	{WSGI_RULE_BODY_FILE,
	 {.file = &no_file},
	 APPLICATION "a body's file must be an open descriptor and an offset in it" FILES},
	{WSGI_RULE_BODY_FILE,
	 {.file = &before_file},
	 APPLICATION "a body's file must be an open descriptor and an offset in it" FILES},
	{WSGI_RULE_RETURN,
	 {.call_rc = 1, .no_body = true},
	 APPLICATION "0 or a negative errno is returned, and 1 by next() alone: 'call()'" DETAILS},
	{WSGI_RULE_RETURN,
	 {.steps = odd_next},
	 APPLICATION "0 or a negative errno is returned, and 1 by next() alone: 'next()'" DETAILS},
	{WSGI_RULE_RETURN,
	 {.count_rc = 1},
	 APPLICATION "0 or a negative errno is returned, and 1 by next() alone: 'count()'" DETAILS},
	{WSGI_RULE_RETURN,
	 {.close_rc = 1},
	 APPLICATION "0 or a negative errno is returned, and 1 by next() alone: 'close()'" DETAILS},
	{WSGI_RULE_CHUNK_NULL,
	 {.steps = no_bytes},
	 APPLICATION "the iterable must yield bytes" DETAILS},
	{WSGI_RULE_NOT_STARTED,
	 {.call = reads},
	 APPLICATION
	 "start_response() must be invoked before the iterable yields its first bytes" DETAILS},
	{WSGI_RULE_NOT_STARTED,
	 {.call = reads, .steps = no_chunks},
	 APPLICATION
	 "start_response() must be invoked before the iterable yields its first bytes" DETAILS},
	{WSGI_RULE_COUNT,
	 {.count = 1, .steps = two_chunks},
	 APPLICATION "count(), len() in Python, must be accurate: 'there are more chunks'" DETAILS},
	{WSGI_RULE_COUNT,
	 {.count = 3, .steps = two_chunks},
	 APPLICATION
	 "count(), len() in Python, must be accurate: 'there are fewer chunks'" DETAILS},
	{WSGI_RULE_COUNT,
	 {.count = 1, .steps = two_chunks, .serve = counts_late},
	 APPLICATION "count(), len() in Python, must be accurate: 'there are more chunks'" DETAILS},
	{WSGI_RULE_LENGTH_WRONG,
	 {HEADERS(TYPE, {"Content-Length", "6"})},
	 APPLICATION "Content-Length is not that of the body: 'the body is shorter'" LENGTH},
	{WSGI_RULE_LENGTH_WRONG,
	 {HEADERS(TYPE, {"Content-Length", "4"})},
	 APPLICATION "Content-Length is not that of the body: 'the body is longer'" LENGTH},
	{WSGI_RULE_LENGTH_WRONG,
	 {HEADERS(TYPE, {"Content-Length", "4"}), .also = writes},
	 APPLICATION "Content-Length is not that of the body: 'the body is longer'" LENGTH},
	{WSGI_RULE_LENGTH_WRONG,
	 {HEADERS(TYPE, {"Content-Length", "9"}), .also = writes},
	 APPLICATION "Content-Length is not that of the body: 'the body is longer'" LENGTH},
	{WSGI_RULE_BODY_UNWANTED,
	 {.status = "204 None", HEADERS({"X", "y"}), .steps = two_chunks},
	 WARNING APPLICATION
	 "a response 1xx, 204 or 304 has no body; the server drops it" RFC9110("6.4.1")},
	{WSGI_RULE_INPUT_READ,
	 {.call = reads_nothing},
	 APPLICATION "wsgi.input.read(size) is called with memory for one byte or more" STREAMS},
	{WSGI_RULE_INPUT_READ,
	 {.call = reads_nowhere},
	 APPLICATION "wsgi.input.read(size) is called with memory for one byte or more" STREAMS},
	{WSGI_RULE_INPUT_CLOSED,
	 {.call = reads_more_than_there_is},
	 APPLICATION "wsgi.input must not be closed or changed" STREAMS},
	{WSGI_RULE_INPUT_CLOSED,
	 {.also = closes_input},
	 WARNING APPLICATION "wsgi.input must not be closed or changed" STREAMS},
	{WSGI_RULE_ERRORS_NULL,
	 {.call = logs_nothing},
	 APPLICATION "what is written to wsgi.errors must be a string" STREAMS},
	{WSGI_RULE_ERRORS_TEXT,
	 {.also = logs_half_a_character},
	 WARNING APPLICATION "what is written to wsgi.errors should be text in UTF-8" STREAMS},
	{WSGI_RULE_ERRORS_TEXT,
	 {.also = logs_latin1},
	 WARNING APPLICATION "what is written to wsgi.errors should be text in UTF-8" STREAMS},
};

/* The log's first line. */
static void then_warned(const char *line)
{
	const char *log = text_of(&logged);

	ck_assert_uint_ge(logged.len, strlen(line) + 1);
	ck_assert_msg(strncmp(log, line, strlen(line)) == 0, "%s", log);
	ck_assert_int_eq(log[strlen(line)], '\n');
	ck_assert_ptr_null(strstr(log + strlen(line), "validate:")); /* and once */
}

START_TEST(each_broken_rule_is_told)
{
	const char *message = broken[_i].message;
	const bool is_warning = strncmp(message, WARNING, strlen(WARNING)) == 0;
	int rc = when_played(&broken[_i].play);

	if (is_warning) {
		then_warned(message);
		ck_assert_str_eq(failure.text, "");
		ck_assert(rc == 0 || broken[_i].play.serve != NULL);
		return;
	}
	ck_assert_int_eq(rc, -EPROTO);
	ck_assert_str_eq(failure.text, message);
	ck_assert_int_eq(failure.code, -EPROTO);
	ck_assert_str_eq(text_of(&logged), "");
	ck_assert_uint_eq(wsgi_validator_finish(&validator), 0);
}
END_TEST

START_TEST(the_table_has_every_rule)
{
	for (int rule = 0; rule < WSGI_RULES; rule++) {
		int rows = 0;

		for (int i = 0; i < LEN(broken); i++)
			rows += (int)broken[i].rule == rule;
		ck_assert_msg(rows > 0, "no row for rule %d", rule);
	}
}
END_TEST

START_TEST(the_words_of_a_rule_are_never_cut)
{
	char detail[300];
	struct wsgi_error err;

	memset(detail, '\n', sizeof(detail) - 1);
	detail[sizeof(detail) - 1] = '\0';
	for (int rule = 0; rule < WSGI_RULES; rule++) {
		ck_assert_int_eq(wsgi_rule_break((enum wsgi_rule)rule, detail, &err), -EPROTO);
		ck_assert_ptr_nonnull(strstr(err.text, "...' ("));
		ck_assert_int_eq(err.text[strlen(err.text) - 1], ')');
		ck_assert_ptr_null(strchr(err.text, '\n'));
	}
}
END_TEST

/* -- what is right passes ---------------------------------------------------------------------- */

static void then_nobody_complains(int rc)
{
	ck_assert_str_eq(failure.text, "");
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_eq(wsgi_validator_finish(&validator), 0);
	ck_assert_str_eq(text_of(&logged), "");
}

#define HEAD "200 OK\nContent-Type: text/plain\n"

START_TEST(a_correct_exchange_passes_byte_for_byte)
{
	static const struct step steps[] = {{1, "\xff\n"}, {1, ""}, {1, "end"}, {0, NULL}};
	int rc = when_played(&(struct play){.steps = steps,
					    HEADERS({"content-TYPE", "text/plain; x=\"caf\xe9\""},
						    {"Set-Cookie", "a"}, {"Set-Cookie", "b"})});

	ck_assert_str_eq(text_of(&sent), "200 OK\ncontent-TYPE: text/plain; x=\"caf\xe9\"\n"
					 "Set-Cookie: a\nSet-Cookie: b\n\xff\nend");
	ck_assert_int_eq(body.closed, 1);
	then_nobody_complains(rc);
}
END_TEST

static int starts_with_exc(const struct wsgi_environ *e, struct wsgi_start *s)
{
	(void)e;
	return s->respond(s, "500 Oh", plain, 1, &trouble);
}

static const struct step empty_chunk[] = {{1, ""}, {0, NULL}};
static const struct step untouched_chunk[] = {{1, untouched}, {0, NULL}};

static const struct {
	const char *claim;
	struct play play;
} right[] = {
	{"a length that is right", {HEADERS(TYPE, {"Content-Length", "5"})}},
	{"write() and a body together", {HEADERS(TYPE, {"Content-Length", "10"}), .also = writes}},
	{"HEAD without a body",
	 {.name = "REQUEST_METHOD",
	  .value = "HEAD",
	  .steps = no_chunks,
	  HEADERS(TYPE, {"Content-Length", "5"})}},
	{"HEAD with the body of GET",
	 {.name = "REQUEST_METHOD", .value = "HEAD", HEADERS(TYPE, {"Content-Length", "5"})}},
	{"304 with the length of what has not changed",
	 {.status = "304 Same", .steps = no_chunks, HEADERS({"Content-Length", "5"})}},
	{"204 without headers", {.status = "204 None", .steps = no_chunks, HEADERS({"X", "y"})}},
	{"an empty body", {.steps = no_chunks}},
	{"no reason after the code", {.status = "200 "}},
	{"a count that is right", {.count = 2, .steps = two_chunks, .eager = true}},
	{"a count that cannot be told", {.count_rc = -ENOTSUP}},
	{"the first call with exc_info", {.exc = &trouble}},
	{"headers replaced before they are sent", {.also = starts_with_exc}},
	{"headers replaced before a chunk that is held back is sent",
	 {.within = starts_with_exc_in_next, .within_at = 1, .eager = true}},
	{"headers replaced after a chunk of no bytes",
	 {.within = starts_with_exc_in_next, .within_at = 1, .steps = empty_chunk}},
	{"a length that is taken back",
	 {HEADERS(TYPE, {"Content-Length", "4"}), .also = starts_with_exc}},
	{"a chunk that is not given is empty",
	 {HEADERS(TYPE, {"Content-Length", "0"}), .steps = untouched_chunk}},
	{"a mount", {.name = "SCRIPT_NAME", .value = "/app"}},
	{"a mount without a path behind it", {.name = "PATH_INFO", .value = ""}},
	{"https", {.scheme = "https"}},
	{"no CONTENT_LENGTH", {.name = "CONTENT_LENGTH"}},
	{"an empty CONTENT_LENGTH", {.name = "CONTENT_LENGTH", .value = ""}},
	{"reading to the end", {.also = reads}},
	{"an input that is empty, as one without a read is", {.server = without_read}},
};

START_TEST(what_is_right_passes)
{
	then_nobody_complains(when_played(&right[_i].play));
}
END_TEST

START_TEST(exc_info_is_passed_on)
{
	int rc = when_played(&(struct play){.also = starts_with_exc});

	ck_assert_ptr_eq(last_exc, &trouble);
	ck_assert_str_eq(text_of(&sent), HEAD "500 Oh\nContent-Type: text/plain\nhello");
	then_nobody_complains(rc);
}
END_TEST

START_TEST(a_server_may_stop_before_the_end)
{
	struct wsgi_body *b = NULL;
	const void *data;
	size_t len;

	play = (struct play){.status = "200 OK", HEADERS(TYPE, {"Content-Length", "1"})};
	play.steps = two_chunks;
	ck_assert_int_eq(validator.app.call(&validator.app, &env, &start, &b), 0);
	ck_assert_int_eq(b->next(b, &data, &len), 1); /* the Content-Length is reached */
	ck_assert_int_eq(b->close(b), 0);
	ck_assert_int_eq(validator.app.call(&validator.app, &env, &start, &b), 0);
	then_nobody_complains(b->close(b)); /* the client left at once */
}
END_TEST

static char was_read[200];

static int reads_by_lines(const struct wsgi_environ *e, struct wsgi_start *s)
{
	struct wsgi_buf line = {0};

	(void)s;
	ck_assert_ptr_ne(e->input, &input);
	ck_assert_uint_eq(wsgi_input_left(e->input), 10);
	ck_assert_int_eq(wsgi_input_readline(e->input, &line, SIZE_MAX), 4);
	ck_assert_int_eq(wsgi_input_read_all(e->input, &line), 0);
	strcpy(was_read, text_of(&line));
	wsgi_buf_finish(&line);
	return wsgi_errors_puts(e->errors, "read caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\n");
}

START_TEST(the_streams_pass_too)
{
	int rc = when_played(&(struct play){.also = reads_by_lines});

	ck_assert_int_eq(rc, 0);
	ck_assert_str_eq(was_read, "one\ntwo\nre"); /* and no more than CONTENT_LENGTH */
	ck_assert_str_eq(text_of(&logged), "read caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\n");
}
END_TEST

static int flushed;

static int flush_log(struct wsgi_errors *e)
{
	ck_assert_ptr_eq(e, &errors);
	flushed++;
	return -EIO;
}

static int flushes(const struct wsgi_environ *e, struct wsgi_start *s)
{
	(void)s;
	return wsgi_errors_flush(e->errors);
}

static void with_flush(void)
{
	errors.flush = flush_log;
}

START_TEST(a_flush_is_passed_on_if_there_is_one)
{
	flushed = 0;
	ck_assert_int_eq(when_played(&(struct play){.also = flushes}), 0);
	ck_assert_int_eq(when_played(&(struct play){.also = flushes, .server = with_flush}), -EIO);
	ck_assert_int_eq(flushed, 1);
}
END_TEST

static int reads_the_rest(const struct wsgi_environ *e, struct wsgi_start *s)
{
	char buf[100];

	(void)s;
	ck_assert_int_eq(wsgi_input_read(e->input, buf, sizeof(buf)), 6);
	ck_assert_mem_eq(buf, "two\nre", 6);
	return 0;
}

START_TEST(what_another_has_read_ahead_is_read_first)
{
	struct wsgi_buf line = {0};

	ck_assert_int_eq(wsgi_input_readline(&input, &line, SIZE_MAX), 4);
	wsgi_buf_finish(&line);
	then_nobody_complains(when_played(&(struct play){.also = reads_the_rest}));
}
END_TEST

static int fails(const struct wsgi_environ *e, struct wsgi_start *s)
{
	(void)e;
	return wsgi_fail(s->failure, -EIO, "the disk is full");
}

START_TEST(an_application_that_fails_says_so_itself)
{
	ck_assert_int_eq(when_played(&(struct play){.also = fails}), -EIO);
	ck_assert_str_eq(failure.text, "the disk is full");
	ck_assert_str_eq(text_of(&logged), "");
}
END_TEST

static int raises(const struct wsgi_environ *e, struct wsgi_start *s)
{
	(void)e;
	s->respond(s, "nonsense", plain, 1, &trouble);
	ck_assert_str_eq(s->error->text, APPLICATION "the status must begin with a code of three "
						     "digits: 'nonsense'" START);
	return WSGI_RAISED;
}

START_TEST(an_exception_stays_what_it_is)
{
	ck_assert_int_eq(when_played(&(struct play){.also = raises}), WSGI_RAISED);
	ck_assert_str_eq(failure.text, "");
}
END_TEST

static int sees_the_servers_error(const struct wsgi_environ *e, struct wsgi_start *s)
{
	int rc;

	(void)e;
	ck_assert_ptr_eq(s->error, &start_error);
	start.error = &failure; /* the server's words are now there */
	rc = s->respond(s, "500 Oh", plain, 1, &trouble);
	ck_assert_ptr_eq(s->error, &failure);
	return rc;
}

START_TEST(what_the_server_refuses_is_the_servers_to_say)
{
	struct play p = {.server = with_start_that_fails, .call = sees_the_servers_error};

	ck_assert_int_eq(when_played(&p), -EALREADY);
	ck_assert_str_eq(failure.text, "");
}
END_TEST

static int breaks_and_goes_on(const struct wsgi_environ *e, struct wsgi_start *s)
{
	char c;

	ck_assert_int_eq(s->respond(s, "nonsense", plain, 1, NULL), -EPROTO);
	ck_assert_int_eq(s->respond(s, "200 OK", plain, 1, NULL), -EPROTO);
	ck_assert_int_eq(s->write(s, "x", 1), -EPROTO);
	ck_assert_int_eq(e->input->read(e->input, &c, 1), -EPROTO);
	ck_assert_int_eq(responds, 0);
	return 0;
}

START_TEST(nothing_works_after_a_broken_rule)
{
	ck_assert_int_eq(when_played(&(struct play){.call = breaks_and_goes_on}), -EPROTO);
	ck_assert_str_eq(failure.text, APPLICATION "the status must begin with a code of three "
						   "digits: 'nonsense'" START);
	ck_assert_int_eq(body.closed, 1); /* the one that it returned all the same */
}
END_TEST

START_TEST(a_broken_rule_is_told_once)
{
	struct wsgi_body *b = NULL;

	play = (struct play){.status = "200 OK", .headers = plain, .headers_len = 1};
	play.steps = odd_next;
	ck_assert_int_eq(validator.app.call(&validator.app, &env, &start, &b), 0);
	ck_assert_int_eq(nexts(b, 1), -EPROTO);
	ck_assert_int_eq(b->close(b), 0);
}
END_TEST

START_TEST(a_trapped_exception_is_told_before_a_file_is_sent)
{
	struct wsgi_body *b = NULL;

	play = (struct play){.call = traps, .steps = hello};
	start_rc = -EALREADY;
	ck_assert_int_eq(validator.app.call(&validator.app, &env, &start, &b), -EPROTO);
	ck_assert_int_eq(body.closed, 1);
}
END_TEST

START_TEST(a_body_beside_a_failure_is_left_alone)
{
	ck_assert_int_eq(when_played(&(struct play){.call_rc = -EIO}), -EIO);
	ck_assert_int_eq(body.closed, 0);
}
END_TEST

START_TEST(who_is_not_there_is_not_warned)
{
	ck_assert_int_eq(when_played(&(struct play){.serve = closes_twice}), -EPROTO);
	with_a_log_of_warnings();
	then_nobody_complains(when_played(&(struct play){0}));
}
END_TEST

START_TEST(who_takes_no_words_is_told_by_the_code)
{
	start.failure = NULL;
	ck_assert_int_eq(when_played(&(struct play){.no_body = true}), -EPROTO);
	given_start = NULL;
	ck_assert_int_eq(when_played(&(struct play){.no_body = true}), -EPROTO);
}
END_TEST

START_TEST(the_body_looks_as_the_applications_does)
{
	static const struct wsgi_file file = {.fd = 0, .len = 5};
	struct wsgi_body *b = NULL;
	size_t n = 0;

	play = (struct play){.status = "200 OK", .headers = plain, .headers_len = 1};
	play.steps = hello;
	ck_assert_int_eq(validator.app.call(&validator.app, &env, &start, &b), 0);
	ck_assert(b->count == NULL && b->file == NULL && !b->eager);
	b->close(b);
	play.file = &file;
	play.eager = true;
	play.count = 1;
	ck_assert_int_eq(validator.app.call(&validator.app, &env, &start, &b), 0);
	ck_assert(b->count != NULL && b->file == &file && b->eager);
	ck_assert_int_eq(b->count(b, &n), 0);
	ck_assert_uint_eq(n, 1);
	b->close(b);
}
END_TEST

START_TEST(a_body_need_not_have_a_close)
{
	struct wsgi_body *b = NULL;

	play = (struct play){.status = "200 OK", .headers = plain, .headers_len = 1};
	play.steps = hello;
	ck_assert_int_eq(validator.app.call(&validator.app, &env, &start, &b), 0);
	body.body.close = NULL;
	ck_assert_int_eq(b->close(b), 0);
	ck_assert_int_eq(body.closed, 0);
}
END_TEST

/* -- what else an application has -------------------------------------------------------------- */

static char called[100];

static void app_log(struct wsgi_app *a, struct wsgi_errors *e, const struct wsgi_error *error,
		    int limit)
{
	ck_assert(a == &application && e == &errors && error == &trouble && limit == 3);
	strcat(called, "log ");
}

static int app_trace(struct wsgi_app *a, struct wsgi_trace *t)
{
	ck_assert(a == &application && t == NULL);
	strcat(called, "trace ");
	return -ENODATA;
}

static void app_drop(struct wsgi_app *a)
{
	ck_assert_ptr_eq(a, &application);
	strcat(called, "drop ");
}

static void app_leave(struct wsgi_app *a)
{
	ck_assert_ptr_eq(a, &application);
	strcat(called, "leave ");
}

static void app_enter(struct wsgi_app *a)
{
	ck_assert_ptr_eq(a, &application);
	strcat(called, "enter ");
}

static void app_thread_ends(struct wsgi_app *a)
{
	ck_assert_ptr_eq(a, &application);
	strcat(called, "ends");
}

START_TEST(what_the_application_can_do_the_validator_can)
{
	struct wsgi_app *a = &validator.app;

	application.log_exception = app_log;
	application.trace = app_trace;
	application.drop_exception = app_drop;
	application.leave = app_leave;
	application.enter = app_enter;
	application.thread_ends = app_thread_ends;
	wsgi_validator_init(&validator, &application);
	called[0] = '\0';
	a->log_exception(a, &errors, &trouble, 3);
	ck_assert_int_eq(a->trace(a, NULL), -ENODATA);
	a->drop_exception(a);
	a->leave(a);
	a->enter(a);
	a->thread_ends(a);
	ck_assert_str_eq(called, "log trace drop leave enter ends");
}
END_TEST

START_TEST(what_the_application_cannot_do_the_validator_cannot)
{
	ck_assert(validator.app.log_exception == NULL && validator.app.trace == NULL &&
		  validator.app.drop_exception == NULL && validator.app.leave == NULL &&
		  validator.app.enter == NULL && validator.app.thread_ends == NULL);
}
END_TEST

START_TEST(several_requests_stand_beside_each_other)
{
	struct wsgi_body *b[3] = {NULL};
	const void *data;
	size_t len;

	play = (struct play){.status = "200 OK", .headers = plain, .headers_len = 1};
	play.steps = hello;
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(validator.app.call(&validator.app, &env, &start, &b[i]), 0);
	ck_assert_int_eq(b[0]->next(b[0], &data, &len), 1);
	ck_assert_int_eq(b[1]->close(b[1]), 0);
	ck_assert_int_eq(b[0]->close(b[0]), 0);
	ck_assert_uint_eq(validator.open, 1);
	ck_assert_int_eq(b[2]->close(b[2]), 0);
	then_nobody_complains(0);
}
END_TEST

/* An application and a server without any state: for many threads at a time. */
static int quiet_next(struct wsgi_body *b, const void **data, size_t *len)
{
	(void)b, (void)data, (void)len;
	return 0;
}

static int quiet_call(struct wsgi_app *a, const struct wsgi_environ *e, struct wsgi_start *s,
		      struct wsgi_body **result)
{
	static struct wsgi_body empty = {.next = quiet_next};

	(void)a, (void)e;
	*result = &empty;
	return s->respond(s, "200 OK", plain, 1, NULL);
}

static int quiet_respond(struct wsgi_start *s, const char *status, const struct wsgi_header *h,
			 size_t n, const struct wsgi_error *exc)
{
	(void)s, (void)status, (void)h, (void)n, (void)exc;
	return 0;
}

static void *serve_many(void *rc)
{
	struct wsgi_start s = {.respond = quiet_respond, .write = server_write};
	struct wsgi_environ e = env;
	struct wsgi_body *b;

	for (int i = 0; i < 2000 && *(int *)rc == 0; i++) {
		*(int *)rc = validator.app.call(&validator.app, &e, &s, &b);
		if (*(int *)rc == 0)
			*(int *)rc = serve_well(b);
	}
	return NULL;
}

START_TEST(threads_share_a_validator)
{
	enum { THREADS = 4 };
	pthread_t threads[THREADS];
	int rcs[THREADS] = {0};

	application.call = quiet_call;
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, serve_many, &rcs[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(rcs[i], 0);
	}
	then_nobody_complains(0);
}
END_TEST

static void add_right(TCase *tc)
{
	tcase_add_test(tc, a_correct_exchange_passes_byte_for_byte);
	tcase_add_loop_test(tc, what_is_right_passes, 0, LEN(right));
	tcase_add_test(tc, exc_info_is_passed_on);
	tcase_add_test(tc, a_server_may_stop_before_the_end);
	tcase_add_test(tc, the_streams_pass_too);
	tcase_add_test(tc, a_flush_is_passed_on_if_there_is_one);
	tcase_add_test(tc, what_another_has_read_ahead_is_read_first);
	tcase_add_test(tc, an_application_that_fails_says_so_itself);
	tcase_add_test(tc, an_exception_stays_what_it_is);
	tcase_add_test(tc, what_the_server_refuses_is_the_servers_to_say);
	tcase_add_test(tc, nothing_works_after_a_broken_rule);
	tcase_add_test(tc, a_broken_rule_is_told_once);
	tcase_add_test(tc, a_trapped_exception_is_told_before_a_file_is_sent);
	tcase_add_test(tc, a_body_beside_a_failure_is_left_alone);
	tcase_add_test(tc, who_is_not_there_is_not_warned);
	tcase_add_test(tc, who_takes_no_words_is_told_by_the_code);
	tcase_add_test(tc, the_body_looks_as_the_applications_does);
	tcase_add_test(tc, a_body_need_not_have_a_close);
	tcase_add_test(tc, what_the_application_can_do_the_validator_can);
	tcase_add_test(tc, what_the_application_cannot_do_the_validator_cannot);
	tcase_add_test(tc, several_requests_stand_beside_each_other);
	tcase_add_test(tc, threads_share_a_validator);
}

int main(void)
{
	Suite *s = suite_create("validate");
	TCase *tc = tcase_create("validate");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_server, tear_down);
	tcase_add_loop_test(tc, each_broken_rule_is_told, 0, LEN(broken));
	tcase_add_test(tc, the_table_has_every_rule);
	tcase_add_test(tc, the_words_of_a_rule_are_never_cut);
	add_right(tc);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
