/* The head of a request: what is refused, whether it is as it came, and the environ made of it. */
#include "http/message.h"

#include <ctype.h>

#include "../fuzz.h"
#include "wsgi/uri.h"

enum { FIELDS_MAX = 12 };

static struct wsgi_http_field fields[FIELDS_MAX];

/* -- what is refused --------------------------------------------------------------------------- */

static bool is_token(struct wsgi_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] == '\0' || (!isalnum((unsigned char)s.data[i]) &&
					  strchr("!#$%&'*+-.^_`|~", s.data[i]) == NULL))
			return false;
	return s.len > 0;
}

static size_t count(const struct wsgi_http_message *m, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < m->fields_len; i++)
		n += wsgi_span_is_nocase(m->fields[i].name, name);
	return n;
}

/* What is let pass is one request, whoever reads it. */
static void check_let_pass(const struct wsgi_http_message *m)
{
	const size_t codings = count(m, "Transfer-Encoding");

	must(is_token(wsgi_span_of(m->method)) && strcmp(m->method, "CONNECT") != 0);
	for (const char *c = m->target; *c != '\0'; c++)
		must((unsigned char)*c > ' ' && *c != 127);
	must(m->target[0] == '/' || strncasecmp(m->target, "http://", 7) == 0 ||
	     strncasecmp(m->target, "https://", 8) == 0 ||
	     (strcmp(m->target, "*") == 0 && strcmp(m->method, "OPTIONS") == 0));
	must(count(m, "Host") <= 1 && (count(m, "Host") == 1 || strcmp(m->version, "HTTP/1.1")));
	must(count(m, "Content-Length") + codings <= 1);
	must(codings == 0 || strcmp(m->version, "HTTP/1.0") != 0);
	for (size_t i = 0; i < m->fields_len; i++) {
		const struct wsgi_http_field *field = &m->fields[i];

		must(is_token(field->name));
		must(field->value.len == 0 || !memchr(field->value.data, '\0', field->value.len));
		must(!wsgi_span_is_nocase(field->name, "Transfer-Encoding") ||
		     wsgi_span_is_nocase(field->value, "chunked"));
	}
}

/* -- the environ ------------------------------------------------------------------------------- */

static struct wsgi_span value(const struct wsgi_environ *env, const char *name)
{
	struct wsgi_span s = {0};

	must(wsgi_environ_find(env, name, &s));
	return s;
}

/* PATH_INFO and QUERY_STRING are the target's; no path begins with two slashes. */
static void check_path(const struct wsgi_environ *env, const char *target)
{
	const struct wsgi_span path = value(env, "PATH_INFO");
	const char *query = strchr(target, '?');
	struct wsgi_buf raw = {0};

	must(wsgi_span_is(value(env, "REQUEST_URI"), target));
	must(wsgi_span_is(value(env, "QUERY_STRING"), query != NULL ? query + 1 : ""));
	if (target[0] != '/')
		return;
	while (target[1] == '/')
		target++;
	must(wsgi_percent_decode((struct wsgi_span){target, strcspn(target, "?")}, &raw) == 0);
	must(same(path, (struct wsgi_span){raw.data, raw.len}));
	wsgi_buf_finish(&raw);
}

/* The variable's values, one after the other, are those of the fields that it is named after. */
static void check_field(const struct wsgi_http_message *m, struct wsgi_span name,
			struct wsgi_span got)
{
	struct wsgi_buf want = {0}, field = {0};
	bool first = true;

	for (size_t i = 0; i < m->fields_len; i++) {
		const struct wsgi_span is = m->fields[i].name;
		struct wsgi_span v = m->fields[i].value;

		while (v.len > 0 && strchr(" \t", v.data[v.len - 1]) != NULL)
			v.len--; /* blanks behind a value are none of it */
		field.len = 0;
		must(wsgi_buf_adds(&field, "HTTP_") == 0);
		must(wsgi_buf_add(&field, is.data, is.len) == 0);
		for (size_t k = 5; k < field.len; k++)
			field.data[k] = field.data[k] == '-'
						? '_'
						: (char)toupper((unsigned char)field.data[k]);
		if (memchr(is.data, '_', is.len) != NULL ||
		    !same((struct wsgi_span){field.data, field.len}, name))
			continue;
		must(wsgi_buf_adds(&want, first ? "" : ",") == 0);
		must(wsgi_buf_add(&want, v.data, v.len) == 0);
		first = false;
	}
	must(!first && same(got, (struct wsgi_span){want.data, want.len}));
	wsgi_buf_finish(&want);
	wsgi_buf_finish(&field);
}

static bool is_known(struct wsgi_span name)
{
	static const char *const names[] = {
		"SERVER_NAME",  "SERVER_PORT",     "GATEWAY_INTERFACE", "REMOTE_HOST",
		"SCRIPT_NAME",  "SERVER_SOFTWARE", "SERVER_PROTOCOL",   "REQUEST_METHOD",
		"PATH_INFO",    "QUERY_STRING",    "REQUEST_URI",       "REMOTE_ADDR",
		"CONTENT_TYPE", "CONTENT_LENGTH",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (wsgi_span_is(name, names[i]))
			return true;
	return false;
}

/* Nothing is there but what a server says and the fields, which cannot write over it. */
static void check_environ(const struct wsgi_http_message *m, const struct wsgi_environ *base)
{
	struct wsgi_environ env = {0};
	struct wsgi_span name, got;

	must(wsgi_http_get_environ(&env, base, m) == 0);
	for (size_t i = 0; i < env.len; i++) {
		wsgi_environ_at(&env, i, &name, &got);
		if (!is_known(name))
			check_field(m, name, got);
	}
	must(wsgi_span_is(value(&env, "SERVER_SOFTWARE"), "fuzz"));
	must(wsgi_span_is(value(&env, "SCRIPT_NAME"), ""));
	must(wsgi_span_is(value(&env, "REQUEST_METHOD"), m->method));
	must(wsgi_span_is(value(&env, "SERVER_PROTOCOL"), m->version));
	must(wsgi_span_is(value(&env, "REMOTE_ADDR"), m->remote_addr));
	must(count(m, "Content-Length") > 0 || value(&env, "CONTENT_LENGTH").len == 0);
	if (strncasecmp(m->target, "http", 4) != 0)
		check_path(&env, m->target);
	wsgi_environ_finish(&env);
}

static void check_parts(const struct wsgi_http_message *m)
{
	const struct sockaddr addr = {.sa_family = AF_UNIX};
	struct wsgi_environ base = {0};
	const char *why = NULL;
	int rc = wsgi_http_refusal(m, &why);

	must(rc == 0 || rc == 400 || rc == 501);
	must((rc == 0) == (why == NULL));
	must(wsgi_http_setup_environ(&base, &addr, "fuzz", false) == 0);
	if (rc == 0) {
		check_let_pass(m);
		check_environ(m, &base);
	}
	wsgi_http_expects_continue(m);
	wsgi_environ_finish(&base);
}

/* A few names come often; or any bytes. */
static struct wsgi_span a_name(struct fuzz *f)
{
	static const char *const names[] = {"Host",   "Content-Length", "Transfer-Encoding",
					    "Expect", "Content-Type",   "X-A",
					    "x_a",    "Cookie"};
	const uint8_t how = fuzz_byte(f);
	char *copy;

	if (how & 16)
		return fuzz_span(f, 12);
	copy = strdup(names[how % 8]);
	if (how & 32)
		copy[how % 2] ^= 32;
	return (struct wsgi_span){copy, strlen(copy)};
}

static struct wsgi_span a_value(struct fuzz *f)
{
	if (fuzz_byte(f) % 4 == 0) {
		char *copy = strdup("chunked");

		return (struct wsgi_span){copy, strlen(copy)};
	}
	return fuzz_span(f, 20);
}

static void fuzz_parts(struct fuzz *f)
{
	static const char *const versions[] = {"HTTP/1.1", "HTTP/1.0", "HTTP/1.2", ""};
	const uint8_t how = fuzz_byte(f);
	char *method = how % 4 == 0 ? fuzz_text(f, 8) : strdup(how == 1 ? "CONNECT" : "GET");
	char *target = fuzz_text(f, 60);
	struct wsgi_http_message m = {.method = method,
				      .target = target,
				      .version = versions[fuzz_below(f, 4)],
				      .fields = fields,
				      .remote_addr = "127.0.0.1"};

	if (fuzz_byte(f) % 4 != 0) /* most heads have one */
		fields[m.fields_len++] =
			(struct wsgi_http_field){{strdup("Host"), 4}, fuzz_span(f, 4)};
	while (f->len > 0 && m.fields_len < FIELDS_MAX) {
		fields[m.fields_len].name = a_name(f);
		fields[m.fields_len++].value = a_value(f);
	}
	check_parts(&m);
	while (m.fields_len > 0) {
		fuzz_free(fields[--m.fields_len].name);
		fuzz_free(fields[m.fields_len].value);
	}
	free(method);
	free(target);
}

/* -- whether it is as it came ------------------------------------------------------------------ */

/* Some reader, good or bad, of a head: a part is what it says, and it ends the part by a NUL. */
static struct wsgi_span a_part(struct fuzz *f, char *head, size_t len, size_t *at)
{
	const uint8_t how = fuzz_byte(f);
	size_t begin, part_len;

	*at += how & 64 ? fuzz_below(f, 16) : 0; /* a gap */
	begin = *at < len ? *at : len;
	part_len = fuzz_below(f, 16);
	if (part_len > len - begin)
		part_len = len - begin;
	head[begin + part_len] = '\0'; /* there is a byte more than len */
	*at = begin + part_len + 1;
	return (struct wsgi_span){head + begin, strlen(head + begin)};
}

static bool is_filler(char c)
{
	return c == '\0' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* From *at up to a part there is nothing but what separates parts; *at is moved behind the part. */
static void pass(const char **at, struct wsgi_span part)
{
	must(part.data >= *at);
	for (; *at < part.data; ++*at)
		must(is_filler(**at));
	*at += part.len + 1;
}

/* What is as it came has no byte but its parts and what separates them, in their order. */
static void check_as_it_came(const struct wsgi_http_message *m, const char *head, size_t len)
{
	const char *at = head;

	pass(&at, wsgi_span_of(m->method));
	pass(&at, wsgi_span_of(m->target));
	pass(&at, wsgi_span_of(m->version));
	for (size_t i = 0; i < m->fields_len; i++) {
		pass(&at, m->fields[i].name);
		pass(&at, m->fields[i].value);
	}
	must(at <= head + len);
	for (; at < head + len; at++)
		must(is_filler(*at));
}

static void fuzz_reader(struct fuzz *f)
{
	struct wsgi_span raw = fuzz_span(f, 200);
	char *head = malloc(raw.len + 1);
	struct wsgi_http_message m = {.fields = fields};
	size_t at = 0, parts = fuzz_below(f, FIELDS_MAX);

	must(head != NULL);
	if (raw.len > 0)
		memcpy(head, raw.data, raw.len);
	head[raw.len] = '\0';
	m.method = head;
	a_part(f, head, raw.len, &at);
	m.target = a_part(f, head, raw.len, &at).data;
	m.version = a_part(f, head, raw.len, &at).data;
	for (; m.fields_len < parts; m.fields_len++) {
		fields[m.fields_len].name = a_part(f, head, raw.len, &at);
		fields[m.fields_len].value = a_part(f, head, raw.len, &at);
	}
	if (wsgi_http_is_as_it_came(&m, m.target, raw.len))
		check_as_it_came(&m, head, raw.len);
	free(head);
	fuzz_free(raw);
}

/* A head that is put together as heads are, its parts ended by NULs. */
static void fuzz_good_head(struct fuzz *f)
{
	struct wsgi_buf head = {0};
	size_t offsets[2 * FIELDS_MAX], n = fuzz_below(f, FIELDS_MAX), at[2];
	struct wsgi_http_message m = {.fields = fields, .fields_len = n};

	must(wsgi_buf_add(&head, "GET", 4) == 0);
	for (int i = 0; i < 2; i++) {
		char *text = fuzz_text(f, 10);

		at[i] = head.len;
		must(wsgi_buf_add(&head, text, strlen(text) + 1) == 0);
		free(text);
	}
	must(wsgi_buf_adds(&head, "\n") == 0);
	for (size_t i = 0; i < n; i++) {
		char *name = fuzz_text(f, 10), *v = fuzz_text(f, 20);
		const size_t blanks = strspn(v, " \t");

		offsets[2 * i] = head.len;
		must(wsgi_buf_add(&head, name, strlen(name) + 1) == 0);
		must(wsgi_buf_adds(&head, fuzz_byte(f) % 2 ? " " : "") == 0);
		offsets[2 * i + 1] = head.len;
		must(wsgi_buf_add(&head, v + blanks, strlen(v + blanks) + 1) == 0);
		must(wsgi_buf_adds(&head, "\n") == 0);
		free(name);
		free(v);
	}
	must(wsgi_buf_adds(&head, "\r\nX") == 0);
	for (size_t i = 0; i < n; i++) {
		fields[i].name = wsgi_span_of(head.data + offsets[2 * i]);
		fields[i].value = wsgi_span_of(head.data + offsets[2 * i + 1]);
	}
	m.method = head.data;
	m.target = head.data + at[0];
	m.version = head.data + at[1];
	must(wsgi_http_is_as_it_came(&m, m.target, head.len - 1));
	must(!wsgi_http_is_as_it_came(&m, m.target, head.len)); /* one byte more than its parts */
	wsgi_buf_finish(&head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};

	switch (fuzz_byte(&f) % 4) {
	case 0:
		fuzz_reader(&f);
		break;
	case 1:
		fuzz_good_head(&f);
		break;
	default:
		fuzz_parts(&f);
	}
	return 0;
}
