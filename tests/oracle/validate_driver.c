/*
 * validate_driver - plays one exchange through the validator, for a tester that knows what
 * wsgiref.validate says of it.
 *
 * A question is a line on standard input, tabs between its fields:
 *
 *	SCHEME ENVIRON STATUS HEADERS EXC BODY
 *
 * ENVIRON and HEADERS are NAME=VALUE;NAME=VALUE, BODY is a word of the table below. The answer is
 * a line on standard output: "ok" or the words of the broken rule, then each warning, tabs between
 * them. Bytes outside 0x21 to 0x7e, and those that would not be plain, are written %XX; a field
 * that is not there is "-".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/container.h"
#include "wsgi/input.h"
#include "wsgi/uri.h"
#include "wsgi/validate.h"

enum { HEADERS_MAX = 16, FIELDS = 6 };

static char *fields[FIELDS];
static struct wsgi_buf warned;

static void must(int ok)
{
	if (!ok) {
		perror("validate_driver");
		exit(2);
	}
}

/* Decode a field where it stands; NULL for "-". */
static char *decode(char *raw)
{
	char *to = raw;

	if (raw == NULL || strcmp(raw, "-") == 0)
		return NULL;
	for (const char *from = raw; *from != '\0'; from++, to++) {
		*to = *from;
		if (*from == '%') {
			*to = (char)(wsgi_hex_digit(from[1]) << 4 | wsgi_hex_digit(from[2]));
			from += 2;
		}
	}
	*to = '\0';
	return raw;
}

/* The next NAME=VALUE of *list, decoded; false at the end. */
static bool next_pair(char **list, const char **name, const char **value)
{
	char *pair = strsep(list, ";");

	if (pair == NULL || pair[0] == '\0')
		return false;
	*name = decode(strsep(&pair, "="));
	*value = decode(pair);
	return true;
}

/* -- the server -------------------------------------------------------------------------------- */

static int respond(struct wsgi_start *start, const char *status, const struct wsgi_header *headers,
		   size_t n, const struct wsgi_error *exc)
{
	(void)start, (void)status, (void)headers, (void)n, (void)exc;
	return 0;
}

static int write_body(struct wsgi_start *start, const void *data, size_t len)
{
	(void)start, (void)data, (void)len;
	return 0;
}

static ssize_t read_nothing(struct wsgi_input *in, void *buf, size_t len)
{
	(void)in, (void)buf, (void)len;
	return 0;
}

/* "validate: warning: WORDS\n" */
static int log_warning(struct wsgi_errors *errors, const char *data, size_t len)
{
	const size_t prefix = strlen("validate: warning: ");

	(void)errors;
	must(len > prefix);
	return wsgi_buf_addf(&warned, "\t%.*s", (int)(len - prefix - 1), data + prefix);
}

static int serve(struct wsgi_body *body)
{
	const void *data;
	size_t len;
	int rc;

	while ((rc = body->next(body, &data, &len)) > 0)
		;
	body->close(body);
	return rc;
}

/* -- the application --------------------------------------------------------------------------- */

static const struct kind {
	const char *name;
	const char *chunks; /* a letter each */
	bool unstarted, written;
} kinds[] = {
	{"list", "ab", false, false},   {"empty", "", false, false},
	{"written", "ab", false, true}, {"unstarted", "a", true, false},
	{"none", NULL, false, false},
};

struct chunks {
	struct wsgi_body body;
	const char *at;
};

static int next(struct wsgi_body *body, const void **data, size_t *len)
{
	struct chunks *c = container_of(body, struct chunks, body);

	if (*c->at == '\0')
		return 0;
	*data = c->at++;
	*len = 1;
	return 1;
}

static const struct kind *kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	must(0);
	return NULL;
}

static int start_response(struct wsgi_start *start, bool write)
{
	static const struct wsgi_error exc = {.code = -EIO};
	struct wsgi_header headers[HEADERS_MAX];
	char *list = fields[3];
	size_t n = 0;
	int rc;

	while (next_pair(&list, &headers[n].name, &headers[n].value))
		must(++n < HEADERS_MAX);
	rc = start->respond(start, fields[2], headers, n,
			    strcmp(fields[4], "1") == 0 ? &exc : NULL);
	return rc == 0 && write ? start->write(start, "w", 1) : rc;
}

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static struct chunks chunks = {.body = {.next = next}};
	const struct kind *kind = kind_of(fields[5]);
	int rc = kind->unstarted ? 0 : start_response(start, kind->written);

	(void)app, (void)env;
	if (rc != 0 || kind->chunks == NULL)
		return rc;
	chunks.at = kind->chunks;
	*body = &chunks.body;
	return 0;
}

/* -- questions --------------------------------------------------------------------------------- */

static void answer(void)
{
	struct wsgi_errors errors = {.write = log_warning};
	struct wsgi_error failure = {0};
	struct wsgi_start start = {.respond = respond, .write = write_body, .failure = &failure};
	struct wsgi_app app = {.call = call};
	struct wsgi_validator v;
	struct wsgi_environ env;
	struct wsgi_input input;
	struct wsgi_body *body;
	const char *name, *value;
	int rc;

	wsgi_environ_init(&env);
	wsgi_input_init(&input, read_nothing, 0);
	env.input = &input;
	env.errors = &errors;
	env.url_scheme = decode(fields[0]);
	for (char *list = fields[1]; next_pair(&list, &name, &value);)
		must(wsgi_environ_set(&env, name, value) == 0);
	fields[2] = decode(fields[2]);
	wsgi_validator_init(&v, &app);
	rc = v.app.call(&v.app, &env, &start, &body);
	if (rc == 0)
		rc = serve(body);
	must(rc == 0 || rc == -EPROTO);
	printf("%s%.*s\n", rc == 0 ? "ok" : failure.text, (int)warned.len,
	       warned.len > 0 ? warned.data : "");
	warned.len = 0;
	must(wsgi_validator_finish(&v) == 0);
	wsgi_environ_finish(&env);
}

int main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	while ((len = getline(&line, &cap, stdin)) > 0) {
		char *rest = line;

		line[len - 1] = '\0';
		for (int i = 0; i < FIELDS; i++)
			must((fields[i] = strsep(&rest, "\t")) != NULL);
		answer();
	}
	free(line);
	wsgi_buf_finish(&warned);
	return fflush(stdout) == 0 ? 0 : 2;
}
