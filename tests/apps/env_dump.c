/* The environ as Python shows it: a variable a line, in order of their names. */
#include "reply.h"

/* -- ascii() ----------------------------------------------------------------------------------- */

/* A letter of more than one byte at text, as Python decodes it: its length, or 0. */
static size_t decode_letter(const unsigned char *text, size_t len, unsigned *letter)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t size = text[0] >= 0xf0 && text[0] < 0xf8 ? 4 : text[0] >= 0xe0 ? 3 : 2;

	if (text[0] < 0xc0 || text[0] >= 0xf8 || size > len)
		return 0;
	*letter = text[0] & (0xffu >> (size + 1));
	for (size_t i = 1; i < size; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*letter = *letter << 6 | (text[i] & 0x3f);
	}
	if (*letter < least[size] || *letter > 0x10ffff || (*letter >= 0xd800 && *letter < 0xe000))
		return 0;
	return size;
}

static int add_ascii(struct wsgi_buf *out, unsigned char c, char quote)
{
	static const char plain[] = "\n\r\t", letters[] = "nrt";
	const char *at = c != '\0' ? strchr(plain, c) : NULL;

	if (at != NULL)
		return wsgi_buf_addf(out, "\\%c", letters[at - plain]);
	if (c == '\\' || c == quote)
		return wsgi_buf_addf(out, "\\%c", c);
	return c >= 0x20 && c < 0x7f ? wsgi_buf_add(out, &c, 1) : wsgi_buf_addf(out, "\\x%02x", c);
}

/* A byte of a request is a letter of latin-1; other text is UTF-8, where it is that. */
static int add_letter(struct wsgi_buf *out, struct wsgi_span *text, bool latin1, char quote)
{
	const unsigned char *at = (const unsigned char *)text->data;
	unsigned letter = *at;
	size_t size = *at < 0x80 || latin1 ? 1 : decode_letter(at, text->len, &letter);
	int rc;

	if (size == 0)
		rc = wsgi_buf_addf(out, "\\udc%02x", *at);
	else if (letter < 0x80)
		rc = add_ascii(out, *at, quote);
	else if (letter > 0xffff)
		rc = wsgi_buf_addf(out, "\\U%08x", letter);
	else
		rc = wsgi_buf_addf(out, letter > 0xff ? "\\u%04x" : "\\x%02x", letter);
	size += size == 0;
	*text = (struct wsgi_span){text->data + size, text->len - size};
	return rc;
}

static int add_repr(struct wsgi_buf *out, struct wsgi_span text, bool latin1)
{
	const bool has_single = text.len > 0 && memchr(text.data, '\'', text.len) != NULL;
	const bool has_double = text.len > 0 && memchr(text.data, '"', text.len) != NULL;
	const char quote = has_single && !has_double ? '"' : '\'';
	int rc = wsgi_buf_add(out, &quote, 1);

	while (rc == 0 && text.len > 0)
		rc = add_letter(out, &text, latin1, quote);
	return rc == 0 ? wsgi_buf_add(out, &quote, 1) : rc;
}

/* -- the lines --------------------------------------------------------------------------------- */

/* Whether the client has written it: a byte of it is a letter to Python, by latin-1. */
static bool is_of_request(const char *name)
{
	static const char *const names[] = {
		"SCRIPT_NAME",    "PATH_INFO", "QUERY_STRING", "REQUEST_METHOD", "AUTH_TYPE",
		"CONTENT_LENGTH", "HTTPS",     "CONTENT_TYPE", "REMOTE_USER",    "REMOTE_IDENT"};

	while (strncmp(name, "REDIRECT_", 9) == 0)
		name += 9;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return strncmp(name, "HTTP_", 5) == 0 || strncmp(name, "SSL_", 4) == 0;
}

static int add_flag(struct wsgi_buf *out, bool flag)
{
	return wsgi_buf_adds(out, flag ? "(bool) True" : "(bool) False");
}

/* What the server itself puts into environ: no variable of the process stands for it. */
static int add_own(struct wsgi_buf *out, const struct wsgi_environ *env, const char *name)
{
	if (strcmp(name, "wsgi.multiprocess") == 0)
		return add_flag(out, env->multiprocess);
	if (strcmp(name, "wsgi.multithread") == 0)
		return add_flag(out, env->multithread);
	if (strcmp(name, "wsgi.run_once") == 0)
		return add_flag(out, env->run_once);
	if (strcmp(name, "wsgi.url_scheme") == 0)
		return wsgi_buf_addf(out, "(str) '%s'", env->url_scheme);
	if (strcmp(name, "wsgi.version") != 0)
		return wsgi_buf_adds(out, "(object) ");
	return wsgi_buf_adds(out, "(tuple) (1, 0)"); /* wsgi.version */
}

struct variable {
	struct wsgi_span name, value;
	bool own;
};

static int add_value(struct wsgi_buf *out, const struct wsgi_environ *env, const char *name,
		     const struct variable *v)
{
	const bool latin1 = !env->from_process || is_of_request(name);
	int rc = wsgi_buf_adds(out, "(str) ");

	for (const char *c = name; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			return -EINVAL; /* the answer is ASCII */
	return rc == 0 ? add_repr(out, v->value, latin1) : rc;
}

static int add_line(struct wsgi_buf *out, const struct wsgi_environ *env, const struct variable *v)
{
	struct wsgi_buf name = {0};
	int rc = wsgi_buf_add(&name, v->name.data, v->name.len);

	if (rc == 0)
		rc = wsgi_buf_add(&name, "", 1);
	if (rc == 0)
		rc = wsgi_buf_addf(out, "%s ", name.data);
	if (rc == 0)
		rc = v->own ? add_own(out, env, name.data) : add_value(out, env, name.data, v);
	wsgi_buf_finish(&name);
	return rc == 0 ? wsgi_buf_adds(out, "\n") : rc;
}

/* A tester behind FastCGI says which variables it has sent: others are not shown. */
static bool is_wanted(const struct wsgi_environ *env, const struct variable *v)
{
	struct wsgi_span only = wsgi_span_of(value_of(env, "CONFORMANCE_KEYS"));

	if (only.len == 0 || v->own)
		return true;
	while (only.len > 0) {
		struct wsgi_span one = wsgi_span_cut(&only, ',');

		if (one.len == v->name.len && memcmp(one.data, v->name.data, one.len) == 0)
			return true;
	}
	return false;
}

static int compare(struct wsgi_span a, struct wsgi_span b)
{
	const size_t len = a.len < b.len ? a.len : b.len;
	const int order = len > 0 ? memcmp(a.data, b.data, len) : 0;

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Of two of one name the server's own is the first. */
static int by_name(const void *a, const void *b)
{
	const struct variable *x = a, *y = b;
	const int order = compare(x->name, y->name);

	return order != 0 ? order : y->own - x->own;
}

static int add_all(struct wsgi_buf *out, const struct wsgi_environ *env)
{
	static const char *const own[] = {"wsgi.errors",       "wsgi.file_wrapper", "wsgi.input",
					  "wsgi.multiprocess", "wsgi.multithread",  "wsgi.run_once",
					  "wsgi.url_scheme",   "wsgi.version"};
	enum { OWN = sizeof(own) / sizeof(own[0]) };
	const size_t n = env->len + OWN;
	struct variable *all = calloc(n, sizeof(*all));
	int rc = all != NULL ? 0 : -ENOMEM;

	if (rc != 0)
		return rc;
	for (size_t i = 0; i < OWN; i++)
		all[i] = (struct variable){.name = wsgi_span_of(own[i]), .own = true};
	for (size_t i = OWN; i < n; i++)
		wsgi_environ_at(env, i - OWN, &all[i].name, &all[i].value);
	qsort(all, n, sizeof(*all), by_name);
	for (size_t i = 0; i < n && rc == 0; i++)
		if ((i == 0 || compare(all[i].name, all[i - 1].name) != 0) &&
		    is_wanted(env, &all[i]))
			rc = add_line(out, env, &all[i]);
	free(all);
	return rc;
}

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static const struct wsgi_header type = {"Content-Type", "text/plain"};
	struct wsgi_buf text = {0};
	int rc = add_all(&text, env);

	(void)app;
	return reply(&text, rc, start, &type, 1, body);
}

struct wsgi_app application = {.call = call};
