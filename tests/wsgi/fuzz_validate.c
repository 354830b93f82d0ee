/*
 * A server and an application that give the validator anything: no memory error, every failure has
 * words that fit one line, and what it lets pass reached the server as it was.
 */
#include <errno.h>

#include "base/container.h"
#include "wsgi/input.h"
#include "wsgi/validate.h"

#include "../fuzz.h"

enum { STRINGS = 24, HEADERS = 4, CHUNKS = 4 };

/*
 * The input, as strings that end at a newline; 0x01 stands for one. A string that is not there, or
 * is empty, stands for what is right, so that the fuzzer has one thing at a time to get wrong.
 */
static char *strings[STRINGS];
static size_t strings_len, at;
static uint8_t shape; /* what the two sides do besides */

static const char *take(void)
{
	return at < strings_len ? strings[at++] : NULL;
}

static const char *take_or(const char *right)
{
	const char *text = take();

	return text != NULL && text[0] != '\0' ? text : right;
}

static int respond(struct wsgi_start *start, const char *status, const struct wsgi_header *headers,
		   size_t n, const struct wsgi_error *exc)
{
	(void)start;
	(void)exc;
	must(strlen(status) >= 4);
	for (size_t i = 0; i < n; i++)
		must(headers[i].name[0] != '\0' && strchr(headers[i].value, '\n') == NULL);
	return shape & 1 ? -EALREADY : 0;
}

static int write_body(struct wsgi_start *start, const void *data, size_t len)
{
	(void)start;
	(void)data;
	(void)len;
	return shape & 2 ? 1 : 0;
}

static ssize_t read_input(struct wsgi_input *in, void *buf, size_t len)
{
	(void)in;
	memset(buf, 'x', len);
	return shape & 4 ? (ssize_t)len + 1 : (ssize_t)(len / 2);
}

/* A line is a line: nothing of a request can begin another one. */
static int log_line(struct wsgi_errors *errors, const char *data, size_t len)
{
	(void)errors;
	must(len > 0 && memchr(data, '\n', len) == data + len - 1);
	return 0;
}

static int next(struct wsgi_body *body, const void **data, size_t *len)
{
	const char *chunk = take();

	(void)body;
	*data = chunk;
	*len = chunk != NULL ? strlen(chunk) : shape & 8;
	return chunk != NULL ? 1 : (shape >> 4) & 3;
}

static int count(struct wsgi_body *body, size_t *n)
{
	(void)body;
	*n = shape & 7;
	return 0;
}

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static struct wsgi_body chunks = {.next = next, .count = count};
	struct wsgi_header headers[HEADERS];
	struct wsgi_buf line = {0};
	const char *status = take_or("200 OK");
	size_t n = 0;
	int rc;

	(void)app;
	for (; n < HEADERS && (n == 0 || at + 1 < strings_len); n++) {
		headers[n].name = take_or(n == 0 ? "Content-Type" : "Content-Length");
		headers[n].value = take_or(n == 0 ? "text/plain" : "5");
	}
	wsgi_input_readline(env->input, &line, 100);
	wsgi_buf_finish(&line);
	rc = start->respond(start, status, headers, n, NULL);
	if (rc == 0 && shape & 64)
		rc = start->write(start, "hello", 5);
	*body = shape & 128 ? NULL : &chunks;
	return rc;
}

/* As a server does that asks for the count after the first chunk, and never stops in time. */
static int serve(struct wsgi_body *body)
{
	const void *data;
	size_t len, n;
	int rc = 0;

	for (int i = 0; i < CHUNKS && (rc = body->next(body, &data, &len)) > 0; i++)
		if (i == 0 && (rc = body->count(body, &n)) < 0)
			break;
	if (shape & 32)
		rc = body->next(body, &data, &len);
	n = (size_t)body->close(body);
	must(!(shape & 16) || body->close(body) == -EPROTO);
	return rc < 0 ? rc : (int)n;
}

/* "-": not set; "~": empty. */
static void set(struct wsgi_environ *env, const char *name, const char *right)
{
	const char *value = take_or(right);

	if (strcmp(value, "-") != 0)
		must(wsgi_environ_set(env, name, strcmp(value, "~") == 0 ? "" : value) == 0);
}

static void run(void)
{
	static const struct {
		const char *name, *right;
	} vars[] = {
		{"REQUEST_METHOD", "GET"},  {"SERVER_NAME", "localhost"},
		{"SERVER_PORT", "80"},      {"SCRIPT_NAME", "~"},
		{"PATH_INFO", "/"},         {"QUERY_STRING", "~"},
		{"CONTENT_LENGTH", "~"},    {"SERVER_PROTOCOL", "HTTP/1.1"},
		{"HTTP_CONTENT_TYPE", "-"},
	};
	struct wsgi_errors errors = {.write = log_line};
	struct wsgi_error failure = {0};
	struct wsgi_start start = {.respond = respond, .write = write_body, .failure = &failure};
	struct wsgi_app app = {.call = call};
	struct wsgi_environ env;
	struct wsgi_input input;
	struct wsgi_validator v;
	struct wsgi_body *body = NULL;
	int rc;

	wsgi_environ_init(&env);
	for (size_t i = 0; i < sizeof(vars) / sizeof(vars[0]); i++)
		set(&env, vars[i].name, vars[i].right);
	wsgi_input_init(&input, read_input, shape & 8 ? UINT64_MAX : shape);
	env.input = &input;
	env.errors = &errors;
	env.url_scheme = take_or("http");
	wsgi_validator_init(&v, &app);
	rc = v.app.call(&v.app, &env, &start, &body);
	if (rc == 0)
		rc = serve(body);
	if (rc == -EPROTO)
		must(failure.code == rc && strchr(failure.text, '\n') == NULL &&
		     failure.text[strlen(failure.text) - 1] == ')');
	must(rc <= 0 && wsgi_validator_finish(&v) == 0);
	wsgi_environ_finish(&env);
	wsgi_input_finish(&input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, *rest;

	if (size == 0)
		return 0;
	text = rest = malloc(size);
	must(text != NULL);
	shape = data[0];
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	for (size_t i = 0; i < size - 1; i++)
		text[i] = text[i] == '\n' ? '\0' : text[i] == 1 ? '\n' : text[i];
	for (strings_len = 0; strings_len < STRINGS && rest < text + size; strings_len++) {
		strings[strings_len] = rest;
		rest += strlen(rest) + 1;
	}
	at = 0;
	run();
	free(text);
	return 0;
}
