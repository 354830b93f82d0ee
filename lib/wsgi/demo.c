#include "wsgi/demo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/container.h"

/* One line of the page. */
struct item {
	struct wsgi_span key;
	struct wsgi_span value;
	bool is_literal; /* value is shown as it is, not as the repr() of a string */
};

struct page {
	struct wsgi_body body;
	struct wsgi_buf text;
	bool sent;
};

/* Latin-1 to UTF-8. */
static int add_char(struct wsgi_buf *out, unsigned char c)
{
	const char two[] = {(char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f))};

	return c < 0x80 ? wsgi_buf_add(out, &c, 1) : wsgi_buf_add(out, two, sizeof(two));
}

static int add_text(struct wsgi_buf *out, struct wsgi_span s)
{
	int rc = 0;

	for (size_t i = 0; i < s.len && rc == 0; i++)
		rc = add_char(out, (unsigned char)s.data[i]);
	return rc;
}

/* As str.isprintable() sees latin-1: 0xa0 is a blank that does not break, 0xad a soft hyphen. */
static bool is_printable(unsigned char c)
{
	return (c >= 0x20 && c < 0x7f) || (c > 0xa0 && c != 0xad);
}

static int add_repr_char(struct wsgi_buf *out, unsigned char c, char quote)
{
	if (c == '\n')
		return wsgi_buf_adds(out, "\\n");
	if (c == '\r')
		return wsgi_buf_adds(out, "\\r");
	if (c == '\t')
		return wsgi_buf_adds(out, "\\t");
	if (c == '\\' || c == quote)
		return wsgi_buf_addf(out, "\\%c", c);
	return is_printable(c) ? add_char(out, c) : wsgi_buf_addf(out, "\\x%02x", c);
}

/* Python's repr() of the string that PEP 3333 makes of these bytes. */
static int add_repr(struct wsgi_buf *out, struct wsgi_span s)
{
	const bool has_single = s.len > 0 && memchr(s.data, '\'', s.len) != NULL;
	const bool has_double = s.len > 0 && memchr(s.data, '"', s.len) != NULL;
	const char quote = has_single && !has_double ? '"' : '\'';
	int rc = wsgi_buf_add(out, &quote, 1);

	for (size_t i = 0; i < s.len && rc == 0; i++)
		rc = add_repr_char(out, (unsigned char)s.data[i], quote);
	return rc == 0 ? wsgi_buf_add(out, &quote, 1) : rc;
}

static int add_item(struct wsgi_buf *out, const struct item *item)
{
	int rc = add_text(out, item->key);

	if (rc == 0)
		rc = wsgi_buf_adds(out, " = ");
	if (rc == 0)
		rc = item->is_literal ? add_text(out, item->value) : add_repr(out, item->value);
	return rc == 0 ? wsgi_buf_adds(out, "\n") : rc;
}

static int compare(const void *one, const void *other)
{
	const struct item *a = one, *b = other;
	const size_t common = a->key.len < b->key.len ? a->key.len : b->key.len;
	const int order = common > 0 ? memcmp(a->key.data, b->key.data, common) : 0;

	return order != 0 ? order : (a->key.len > b->key.len) - (a->key.len < b->key.len);
}

static struct item literal(const char *key, const char *value)
{
	return (struct item){wsgi_span_of(key), wsgi_span_of(value), true};
}

static const char *bool_text(bool value)
{
	return value ? "True" : "False";
}

enum { WSGI_KEYS = 9 };

/* What PEP 3333 has under "wsgi.*"; the streams and the wrapper show which noun stands there. */
static size_t wsgi_items(const struct wsgi_environ *env, struct item items[WSGI_KEYS])
{
	const char *scheme = env->url_scheme != NULL ? env->url_scheme : "http";
	size_t n = 0;

	items[n++] = literal("wsgi.errors", "<struct wsgi_errors>");
	if (env->file_wrapper)
		items[n++] = literal("wsgi.file_wrapper", "<struct wsgi_file_body>");
	items[n++] = literal("wsgi.input", "<struct wsgi_input>");
	if (env->input_terminated)
		items[n++] = literal("wsgi.input_terminated", "True");
	items[n++] = literal("wsgi.multiprocess", bool_text(env->multiprocess));
	items[n++] = literal("wsgi.multithread", bool_text(env->multithread));
	items[n++] = literal("wsgi.run_once", bool_text(env->run_once));
	items[n++] = (struct item){wsgi_span_of("wsgi.url_scheme"), wsgi_span_of(scheme), false};
	items[n++] = literal("wsgi.version", "(1, 0)");
	return n;
}

static int add_page(struct wsgi_buf *out, const struct wsgi_environ *env)
{
	struct item *items = calloc(env->len + WSGI_KEYS, sizeof(*items));
	size_t n = env->len;
	int rc;

	if (items == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < env->len; i++)
		wsgi_environ_at(env, i, &items[i].key, &items[i].value);
	n += wsgi_items(env, items + n);
	qsort(items, n, sizeof(*items), compare);
	rc = wsgi_buf_adds(out, "Hello world!\n\n");
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = add_item(out, &items[i]);
	free(items);
	return rc;
}

static int next(struct wsgi_body *body, const void **data, size_t *len)
{
	struct page *page = container_of(body, struct page, body);

	if (page->sent)
		return 0;
	page->sent = true;
	*data = page->text.data;
	*len = page->text.len;
	return 1;
}

static int count(struct wsgi_body *body, size_t *chunks)
{
	(void)body;
	*chunks = 1;
	return 0;
}

static int close_page(struct wsgi_body *body)
{
	struct page *page = container_of(body, struct page, body);

	wsgi_buf_finish(&page->text);
	free(page);
	return 0;
}

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static const struct wsgi_header type = {"Content-Type", "text/plain; charset=utf-8"};
	struct page *page = calloc(1, sizeof(*page));
	int rc;

	(void)app;
	if (page == NULL)
		return -ENOMEM;
	page->body = (struct wsgi_body){
		.next = next, .close = close_page, .count = count, .eager = true};
	rc = add_page(&page->text, env);
	if (rc == 0)
		rc = start->respond(start, "200 OK", &type, 1, NULL);
	if (rc != 0) {
		close_page(&page->body);
		return rc;
	}
	*body = &page->body;
	return 0;
}

struct wsgi_app *wsgi_demo_app(void)
{
	static struct wsgi_app demo = {.call = call}; /* never changed: call needs no state */

	return &demo;
}
