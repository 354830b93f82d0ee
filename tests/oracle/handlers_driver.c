/*
 * handlers_driver - runs handlers over memory, for a tester that runs wsgiref's the same way.
 *
 * A question is a line on standard input, its fields parted by tabs:
 *	R	a block of variables: NAME=VALUE;NAME=VALUE...
 *	H	class, origin_server, http_version, server_software, error_status, error_body,
 *		variables, and what the application does
 * The answer is a line on standard output: the block that was read; or the run's outcome (0, 1: it
 * failed), what was sent and what was logged. Bytes outside 0x21 to 0x7e, "%", and those that part
 * something are written %XX; a field that is not there is "-".
 *
 * What the application does is a text as in tests/apps/steps.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../apps/steps.h"
#include "handler/cgi.h"
#include "handler/read_environ.h"

enum { FIELDS_MAX = 10, VARS_MAX = 32 };

static void must(int ok)
{
	if (!ok) {
		perror("handlers_driver");
		exit(2);
	}
}

/* -- fields ------------------------------------------------------------------------------------ */

/* Decode a field where it stands, with a NUL after it. */
static struct wsgi_span decode(char *raw)
{
	struct wsgi_buf text = {0};
	size_t len;

	must(wsgi_percent_decode(wsgi_span_of(raw), &text) == 0);
	len = text.len;
	if (len > 0)
		memcpy(raw, text.data, len);
	raw[len] = '\0';
	wsgi_buf_finish(&text);
	return (struct wsgi_span){raw, len};
}

/* NULL for "-". */
static const char *optional(char *raw)
{
	return strcmp(raw, "-") != 0 ? decode(raw).data : NULL;
}

static void say(const char *data, size_t len)
{
	if (len == 1 && data[0] == '-') { /* which is not the field that is not there */
		fputs("%2D", stdout);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c > 0x20 && c < 0x7f && strchr("%;:=", c) == NULL)
			putchar(c);
		else
			printf("%%%02X", c);
	}
}

/* -- the application --------------------------------------------------------------------------- */

struct script {
	struct wsgi_app app;
	const char *text;
};

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	const struct script *s = container_of(app, struct script, app);

	return steps_call(s->text, env, start, body);
}

/* -- the streams ------------------------------------------------------------------------------- */

static struct wsgi_buf sent, logged;

static int write_sent(struct wsgi_output *out, const void *data, size_t len)
{
	(void)out;
	return wsgi_buf_add(&sent, data, len);
}

static int flush_sent(struct wsgi_output *out)
{
	(void)out;
	return 0;
}

static int write_logged(struct wsgi_errors *errors, const char *data, size_t len)
{
	(void)errors;
	return wsgi_buf_add(&logged, data, len);
}

static ssize_t read_nothing(struct wsgi_input *in, void *buf, size_t len)
{
	(void)in;
	(void)buf;
	(void)len;
	return 0;
}

/* -- the questions ----------------------------------------------------------------------------- */

static void set_vars(struct wsgi_environ *env, char *text)
{
	char *one;

	while ((one = strsep(&text, ";")) != NULL) {
		char *name = strsep(&one, "=");

		must(wsgi_environ_set(env, decode(name).data, decode(one).data) == 0);
	}
}

static void run(char **field)
{
	struct script script = {.app = {.call = call}, .text = field[8]};
	struct wsgi_simple_handler handler;
	struct wsgi_environ vars;
	struct wsgi_input in;
	struct wsgi_output out = {.write = write_sent, .flush = flush_sent};
	struct wsgi_errors errors = {.write = write_logged};
	int rc;

	sent.len = logged.len = 0;
	wsgi_environ_init(&vars);
	wsgi_input_init(&in, read_nothing, UINT64_MAX);
	(strcmp(field[1], "simple") == 0 ? wsgi_simple_handler_init : wsgi_base_cgi_handler_init)(
		&handler, &in, &out, &errors, &vars);
	if (*field[2] != '-')
		handler.base.origin_server = *field[2] == '1';
	handler.base.http_version = optional(field[3]);
	handler.base.server_software = optional(field[4]);
	handler.base.error_status = optional(field[5]);
	handler.base.error_body = optional(field[6]);
	set_vars(&vars, field[7]);
	rc = wsgi_handler_run(&handler.base, &script.app);
	printf("%d\t", rc != 0);
	say(sent.data, sent.len);
	putchar('\t');
	say(logged.data, logged.len);
	wsgi_simple_handler_finish(&handler);
	wsgi_environ_finish(&vars);
	wsgi_input_finish(&in);
}

static void read_block(char *text)
{
	char *block[VARS_MAX + 1] = {NULL}, *one;
	struct wsgi_environ env;

	for (size_t i = 0; (one = strsep(&text, ";")) != NULL; i++) {
		must(i < VARS_MAX);
		decode(one);
		block[i] = one;
	}
	wsgi_environ_init(&env);
	must(wsgi_read_environ(&env, block) == 0);
	for (size_t i = 0; i < env.len; i++) {
		struct wsgi_span name, value;

		wsgi_environ_at(&env, i, &name, &value);
		fputs(i > 0 ? ";" : "", stdout);
		say(name.data, name.len);
		putchar('=');
		say(value.data, value.len);
	}
	wsgi_environ_finish(&env);
}

int main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	while ((len = getline(&line, &cap, stdin)) > 0) {
		char *field[FIELDS_MAX] = {NULL}, *rest = line;
		size_t n = 0;

		line[len - 1] = '\0';
		while (n < FIELDS_MAX && (field[n] = strsep(&rest, "\t")) != NULL)
			n++;
		must((*field[0] == 'R' && n == 2) || (*field[0] == 'H' && n == 9));
		if (*field[0] == 'R')
			read_block(field[1]);
		else
			run(field);
		putchar('\n');
	}
	free(line);
	wsgi_buf_finish(&sent);
	wsgi_buf_finish(&logged);
	return 0;
}
