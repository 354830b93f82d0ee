#ifndef TESTS_APPS_STEPS_H
#define TESTS_APPS_STEPS_H

#include "reply.h"
#include "wsgi/uri.h"

/*
 * steps - an application that is a text: what it does, step by step.
 *
 * Steps are parted by ";", each a letter and its arguments behind ":". "%XX" is a byte.
 *	S:STATUS:EXC:NAME=VALUE...	start_response(); EXC is 1: with an exc_info
 *	W:DATA				write()
 *	E:WORDS				fail
 *	G:WORDS				a line for the log, "LOG: WORDS"
 *	B:L, B:G, B:1			return a body that is a list, is of no known length, or says
 *					that it is of length 1; what follows is done as it is
 *iterated C:DATA, V:NAME			a chunk: data, or the value of a variable R:SIZE, L:
 *a chunk: so much of the request's body, or a line of it K:WORDS, Z:DATA, X:WORDS	when the
 *body is closed: a line for the log, write(), fail s and w are S and W whose failure the
 *application swallows.
 *
 * tests/oracle/handlers.py does the same in Python.
 */
enum { STEPS_MAX = 32, STEP_HEADERS_MAX = 8 };

struct step {
	char op;
	struct wsgi_span data; /* a NUL is behind it */
	bool swallow, exc;
	struct wsgi_header headers[STEP_HEADERS_MAX];
	size_t headers_len;
};

struct steps {
	struct wsgi_body body;
	struct wsgi_start *start;
	const struct wsgi_environ *env;
	struct wsgi_buf text, chunk;
	struct step steps[STEPS_MAX];
	size_t len, at;
};

static const struct wsgi_error step_trouble = {.code = -ELOOP, .text = "trouble"};

/* -- the text ---------------------------------------------------------------------------------- */

/* Decode a part of the text where it stands: what parts it from the next becomes its NUL. */
static struct wsgi_span step_decode(struct wsgi_span raw)
{
	char *at = (char *)(uintptr_t)raw.data;
	size_t len = 0;

	for (size_t i = 0; i < raw.len; i++) {
		int high = raw.data[i] == '%' && i + 2 < raw.len ? wsgi_hex_digit(raw.data[i + 1])
								 : -1;
		int low = high >= 0 ? wsgi_hex_digit(raw.data[i + 2]) : -1;

		at[len++] = low >= 0 ? (char)(high << 4 | low) : raw.data[i];
		i += low >= 0 ? 2 : 0;
	}
	at[len] = '\0';
	return (struct wsgi_span){at, len};
}

static int step_parse_start(struct step *s, struct wsgi_span text)
{
	struct wsgi_span status = wsgi_span_cut(&text, ':');

	s->exc = wsgi_span_is(wsgi_span_cut(&text, ':'), "1");
	while (text.len > 0) {
		struct wsgi_span value = wsgi_span_cut(&text, ':');
		struct wsgi_span name = wsgi_span_cut(&value, '=');

		if (s->headers_len == STEP_HEADERS_MAX)
			return -E2BIG;
		s->headers[s->headers_len++] =
			(struct wsgi_header){step_decode(name).data, step_decode(value).data};
	}
	s->data = step_decode(status);
	return 0;
}

static int step_parse(struct step *s, struct wsgi_span text)
{
	if (text.len < 2 || text.data[1] != ':')
		return -EINVAL;
	*s = (struct step){.op = text.data[0]};
	text = (struct wsgi_span){text.data + 2, text.len - 2};
	s->swallow = s->op == 's' || s->op == 'w';
	if (s->swallow)
		s->op = s->op == 's' ? 'S' : 'W';
	if (s->op == 'S')
		return step_parse_start(s, text);
	s->data = step_decode(text);
	return 0;
}

static int steps_parse(struct steps *p, const char *text)
{
	struct wsgi_span rest;
	int rc = wsgi_buf_add(&p->text, text, strlen(text) + 1);

	if (rc != 0)
		return rc;
	rest = (struct wsgi_span){p->text.data, p->text.len - 1};
	while (rest.len > 0 && rc == 0)
		rc = p->len < STEPS_MAX ? step_parse(&p->steps[p->len++], wsgi_span_cut(&rest, ';'))
					: -E2BIG;
	return rc;
}

/* -- the steps --------------------------------------------------------------------------------- */

static int step_log(const struct steps *p, const char *words)
{
	wsgi_errors_puts(p->env->errors, "LOG: ");
	wsgi_errors_puts(p->env->errors, words);
	wsgi_errors_puts(p->env->errors, "\n");
	wsgi_errors_flush(p->env->errors);
	return 0;
}

/* Do what yields no chunk. Returns 0 or what the application returns. */
static int step_act(const struct steps *p, const struct step *s)
{
	int rc = 0;

	if (s->op == 'E')
		return wsgi_fail(p->start->failure, -EIO, "%s", s->data.data);
	if (s->op == 'G')
		return step_log(p, s->data.data);
	if (s->op == 'S')
		rc = p->start->respond(p->start, s->data.data, s->headers, s->headers_len,
				       s->exc ? &step_trouble : NULL);
	else if (s->op == 'W')
		rc = p->start->write(p->start, s->data.data, s->data.len);
	if (rc == -EALREADY)
		rc = step_trouble.code;
	return s->swallow ? 0 : rc;
}

static bool step_is_chunk(const struct step *s)
{
	return strchr("CVRL", s->op) != NULL;
}

static const char *step_variable(const struct steps *p, const char *name)
{
	const char *value = wsgi_environ_get(p->env, name);

	if (strcmp(name, "wsgi.url_scheme") == 0)
		return p->env->url_scheme;
	if (strcmp(name, "wsgi.multithread") == 0)
		return p->env->multithread ? "True" : "False";
	if (strcmp(name, "wsgi.multiprocess") == 0)
		return p->env->multiprocess ? "True" : "False";
	if (strcmp(name, "wsgi.run_once") == 0)
		return p->env->run_once ? "True" : "False";
	return value != NULL ? value : "None";
}

static int step_read(struct steps *p, size_t size)
{
	ssize_t n;
	int rc = wsgi_buf_reserve(&p->chunk, size);

	if (rc != 0)
		return rc;
	n = size > 0 ? wsgi_input_read(p->env->input, p->chunk.data, size) : 0;
	p->chunk.len = n > 0 ? (size_t)n : 0;
	return n < 0 ? (int)n : 0;
}

static int step_chunk(struct steps *p, const struct step *s, struct wsgi_span *chunk)
{
	ssize_t rc = 0;

	p->chunk.len = 0;
	if (s->op == 'V')
		*chunk = wsgi_span_of(step_variable(p, s->data.data));
	else if (s->op == 'R')
		rc = step_read(p, (size_t)strtoul(s->data.data, NULL, 10));
	else if (s->op == 'L')
		rc = wsgi_input_readline(p->env->input, &p->chunk, SIZE_MAX);
	if (s->op == 'R' || s->op == 'L')
		*chunk = (struct wsgi_span){p->chunk.data, p->chunk.len};
	return rc < 0 ? (int)rc : 0;
}

/* -- the body ---------------------------------------------------------------------------------- */

static int steps_next(struct wsgi_body *body, const void **data, size_t *len)
{
	struct steps *p = container_of(body, struct steps, body);

	while (p->at < p->len) {
		const struct step *s = &p->steps[p->at++];
		struct wsgi_span chunk = s->data;
		int rc = step_is_chunk(s) ? step_chunk(p, s, &chunk) : step_act(p, s);

		if (rc != 0)
			return rc;
		if (!step_is_chunk(s))
			continue;
		*data = chunk.data;
		*len = chunk.len;
		return 1;
	}
	return 0;
}

static int steps_count(struct wsgi_body *body, size_t *n)
{
	const struct steps *p = container_of(body, struct steps, body);

	*n = 0;
	for (size_t i = 0; i < p->len; i++)
		*n += step_is_chunk(&p->steps[i]);
	return 0;
}

static int steps_count_one(struct wsgi_body *body, size_t *n)
{
	(void)body;
	*n = 1;
	return 0;
}

static int steps_free(struct steps *p, int rc)
{
	wsgi_buf_finish(&p->text);
	wsgi_buf_finish(&p->chunk);
	free(p);
	return rc;
}

static int steps_close(struct wsgi_body *body)
{
	struct steps *p = container_of(body, struct steps, body);
	int rc = 0;

	for (size_t i = 0; i < p->len && rc == 0; i++) {
		const struct step *s = &p->steps[i];

		if (s->op == 'K')
			rc = step_log(p, s->data.data);
		else if (s->op == 'Z')
			rc = p->start->write(p->start, s->data.data, s->data.len);
		else if (s->op == 'X')
			rc = wsgi_fail(p->start->failure, -EIO, "%s", s->data.data);
	}
	return steps_free(p, rc);
}

static void steps_return(struct steps *p, const struct step *s, struct wsgi_body **body)
{
	p->body = (struct wsgi_body){.next = steps_next, .close = steps_close};
	p->body.eager = wsgi_span_is(s->data, "L");
	if (p->body.eager)
		p->body.count = steps_count;
	else if (wsgi_span_is(s->data, "1"))
		p->body.count = steps_count_one;
	*body = &p->body;
}

/* Do what a text says: what a struct wsgi_app's call may return. */
static inline int steps_call(const char *text, const struct wsgi_environ *env,
			     struct wsgi_start *start, struct wsgi_body **body)
{
	struct steps *p = calloc(1, sizeof(*p));
	int rc;

	if (p == NULL)
		return -ENOMEM;
	p->env = env;
	p->start = start;
	rc = steps_parse(p, text);
	while (rc == 0 && p->at < p->len) {
		const struct step *s = &p->steps[p->at++];

		if (s->op == 'B') {
			steps_return(p, s, body);
			return 0;
		}
		rc = step_act(p, s);
	}
	return steps_free(p, rc);
}

/* The application whose text is that of the request's query, or the last one, of the query "". */
struct steps_kind {
	const char *query, *text;
};

static inline int steps_call_kind(const struct steps_kind *kinds, const struct wsgi_environ *env,
				  struct wsgi_start *start, struct wsgi_body **body)
{
	while (*kinds->query != '\0' && strcmp(kinds->query, value_of(env, "QUERY_STRING")) != 0)
		kinds++;
	return steps_call(kinds->text, env, start, body);
}

#define STEPS_APPLICATION(kinds)                                                                   \
	static int call(struct wsgi_app *app, const struct wsgi_environ *env,                      \
			struct wsgi_start *start, struct wsgi_body **body)                         \
	{                                                                                          \
		(void)app;                                                                         \
		return steps_call_kind(kinds, env, start, body);                                   \
	}                                                                                          \
	struct wsgi_app application = {.call = call}

/* The text of a plain 200; and of one whose body is a list. */
#define STEPS_OK "S:200 OK:0:Content-Type=text/plain;"
#define STEPS_LIST STEPS_OK "B:L;"
#define STEPS_BODY STEPS_OK "B:G;"

#endif
