#include "wsgi/headers.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wsgi/app.h"

/* In text: the name, a NUL, the value, a NUL. Fields stand there in their order, without gaps. */
struct wsgi_field {
	size_t at, name_len, value_len;
};

/* In place of at: the field is to be taken out. */
#define GONE SIZE_MAX

static size_t size_of(const struct wsgi_field *f)
{
	return f->name_len + 1 + f->value_len + 1;
}

void wsgi_headers_init(struct wsgi_headers *h)
{
	*h = (struct wsgi_headers){0};
}

void wsgi_headers_finish(struct wsgi_headers *h)
{
	if (h == NULL)
		return;
	free(h->fields);
	wsgi_buf_finish(&h->text);
	wsgi_headers_init(h);
}

void wsgi_headers_clear(struct wsgi_headers *h)
{
	h->len = 0;
	h->text.len = 0;
}

static bool has_control(struct wsgi_span s, bool tab_allowed)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];

		if ((c < 0x20 && !(c == '\t' && tab_allowed)) || c == 0x7f)
			return true;
	}
	return false;
}

int wsgi_header_check(struct wsgi_span name, struct wsgi_span value, struct wsgi_error *err)
{
	if (has_control(name, false) || has_control(value, true))
		return wsgi_fail(err, -EINVAL, "Control characters not allowed in headers");
	return 0;
}

static int make_room(struct wsgi_headers *h)
{
	size_t cap = h->cap != 0 ? h->cap * 2 : 16;
	struct wsgi_field *fields;

	if (h->len < h->cap)
		return 0;
	fields = realloc(h->fields, cap * sizeof(*fields));
	if (fields == NULL)
		return -ENOMEM;
	h->fields = fields;
	h->cap = cap;
	return 0;
}

/* There is room for it. */
static void put(struct wsgi_buf *text, struct wsgi_span s)
{
	if (s.len > 0)
		memcpy(text->data + text->len, s.data, s.len);
	text->data[text->len + s.len] = '\0';
	text->len += s.len + 1;
}

/* A span that stood in the text when that was at from. */
static struct wsgi_span moved(struct wsgi_span s, uintptr_t from, const struct wsgi_buf *text)
{
	const size_t at = (uintptr_t)s.data - from;

	if (at < text->len)
		s.data = text->data + at;
	return s;
}

int wsgi_headers_add_span(struct wsgi_headers *h, struct wsgi_span name, struct wsgi_span value)
{
	const struct wsgi_field f = {
		.at = h->text.len, .name_len = name.len, .value_len = value.len};
	const uintptr_t from = (uintptr_t)h->text.data;

	if (make_room(h) != 0 || wsgi_buf_reserve(&h->text, size_of(&f)) != 0)
		return -ENOMEM;
	name = moved(name, from, &h->text);
	value = moved(value, from, &h->text);
	put(&h->text, name);
	put(&h->text, value);
	h->fields[h->len++] = f;
	return 0;
}

int wsgi_headers_add(struct wsgi_headers *h, const char *name, const char *value)
{
	const struct wsgi_span n = wsgi_span_of(name), v = wsgi_span_of(value);
	int rc = wsgi_header_check(n, v, NULL);

	return rc == 0 ? wsgi_headers_add_span(h, n, v) : rc;
}

int wsgi_headers_add_all(struct wsgi_headers *h, const struct wsgi_header *list, size_t n)
{
	const size_t len = h->len, text_len = h->text.len;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = wsgi_headers_add(h, list[i].name, list[i].value);
	if (rc != 0) {
		h->len = len;
		h->text.len = text_len;
	}
	return rc;
}

static int add_quoted(struct wsgi_buf *out, const char *value)
{
	int rc = wsgi_buf_adds(out, "=\"");

	for (; *value != '\0' && rc == 0; value++) {
		if (*value == '\\' || *value == '"')
			rc = wsgi_buf_adds(out, "\\");
		if (rc == 0)
			rc = wsgi_buf_add(out, value, 1);
	}
	return rc == 0 ? wsgi_buf_adds(out, "\"") : rc;
}

/* The name with hyphens, and the value in quotes unless it is empty. Source: _formatparam(). */
static int add_param(struct wsgi_buf *out, const struct wsgi_header_param *param)
{
	size_t at = out->len;
	int rc = wsgi_buf_adds(out, param->name);

	if (rc != 0)
		return rc;
	for (; at < out->len; at++)
		if (out->data[at] == '_')
			out->data[at] = '-';
	if (param->value == NULL || param->value[0] == '\0')
		return 0;
	return add_quoted(out, param->value);
}

/* "value; name="value"; ..." */
static int add_value(struct wsgi_buf *out, const char *value,
		     const struct wsgi_header_param *params, size_t n)
{
	int rc = value != NULL ? wsgi_buf_adds(out, value) : 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		if (i > 0 || value != NULL)
			rc = wsgi_buf_adds(out, "; ");
		if (rc == 0)
			rc = add_param(out, &params[i]);
	}
	return rc;
}

static struct wsgi_span span_or_none(const char *text)
{
	return text != NULL ? wsgi_span_of(text) : (struct wsgi_span){0};
}

static int check_all(const char *name, const char *value, const struct wsgi_header_param *params,
		     size_t n)
{
	int rc = wsgi_header_check(wsgi_span_of(name), span_or_none(value), NULL);

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = wsgi_header_check(wsgi_span_of(params[i].name), span_or_none(params[i].value),
				       NULL);
	return rc;
}

int wsgi_headers_add_header(struct wsgi_headers *h, const char *name, const char *value,
			    const struct wsgi_header_param *params, size_t n)
{
	struct wsgi_buf whole = {0};
	int rc = check_all(name, value, params, n);

	if (rc == 0)
		rc = add_value(&whole, value, params, n);
	if (rc == 0)
		rc = wsgi_headers_add_span(h, wsgi_span_of(name),
					   (struct wsgi_span){whole.data, whole.len});
	wsgi_buf_finish(&whole);
	return rc;
}

/* As str.lower() does to latin-1: the letters from A-grave to Thorn have small ones too. */
static unsigned char lower(char c)
{
	unsigned char u = (unsigned char)c;

	if ((u >= 'A' && u <= 'Z') || (u >= 0xc0 && u <= 0xde && u != 0xd7))
		return u + 0x20;
	return u;
}

static bool has_name(const struct wsgi_headers *h, const struct wsgi_field *f,
		     struct wsgi_span name)
{
	const char *text = h->text.data + f->at;

	if (f->name_len != name.len)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (lower(text[i]) != lower(name.data[i]))
			return false;
	return true;
}

/* Take the fields of that name out of the first n. The name may be one of theirs. */
static void delete_first(struct wsgi_headers *h, struct wsgi_span name, size_t n)
{
	size_t kept = 0, at = 0;

	for (size_t i = 0; i < n; i++)
		if (has_name(h, &h->fields[i], name))
			h->fields[i].at = GONE;
	for (size_t i = 0; i < h->len; i++) {
		struct wsgi_field f = h->fields[i];

		if (f.at == GONE)
			continue;
		memmove(h->text.data + at, h->text.data + f.at, size_of(&f));
		f.at = at;
		at += size_of(&f);
		h->fields[kept++] = f;
	}
	h->len = kept;
	h->text.len = at;
}

void wsgi_headers_delete(struct wsgi_headers *h, const char *name)
{
	delete_first(h, wsgi_span_of(name), h->len);
}

int wsgi_headers_set(struct wsgi_headers *h, const char *name, const char *value)
{
	const struct wsgi_span n = wsgi_span_of(name), v = wsgi_span_of(value);
	int rc = wsgi_header_check(n, v, NULL);
	size_t last;

	if (rc != 0)
		return rc;
	/* Added first: without the memory for it, no field is to be lost. */
	rc = wsgi_headers_add_span(h, n, v);
	if (rc != 0)
		return rc;
	last = h->len - 1;
	delete_first(h, (struct wsgi_span){h->text.data + h->fields[last].at, n.len}, last);
	return 0;
}

int wsgi_headers_setdefault(struct wsgi_headers *h, const char *name, const char *value)
{
	if (wsgi_headers_get(h, name) != NULL)
		return 0;
	return wsgi_headers_add(h, name, value);
}

const char *wsgi_headers_get(const struct wsgi_headers *h, const char *name)
{
	return wsgi_headers_get_all(h, name, 0);
}

const char *wsgi_headers_get_all(const struct wsgi_headers *h, const char *name, size_t i)
{
	const struct wsgi_span span = wsgi_span_of(name);

	for (size_t k = 0; k < h->len; k++) {
		const struct wsgi_field *f = &h->fields[k];

		if (has_name(h, f, span) && i-- == 0)
			return h->text.data + f->at + f->name_len + 1;
	}
	return NULL;
}

bool wsgi_headers_contains(const struct wsgi_headers *h, const char *name)
{
	return wsgi_headers_get(h, name) != NULL;
}

size_t wsgi_headers_len(const struct wsgi_headers *h)
{
	return h->len;
}

void wsgi_headers_at(const struct wsgi_headers *h, size_t i, struct wsgi_span *name,
		     struct wsgi_span *value)
{
	const struct wsgi_field *f = &h->fields[i];

	*name = (struct wsgi_span){.data = h->text.data + f->at, .len = f->name_len};
	*value = (struct wsgi_span){.data = name->data + f->name_len + 1, .len = f->value_len};
}

int wsgi_headers_respond(const struct wsgi_headers *h, struct wsgi_start *start, const char *status,
			 const struct wsgi_error *exc)
{
	struct wsgi_header *list = calloc(h->len + 1, sizeof(*list)); /* + 1: never of no bytes */
	struct wsgi_span name, value;
	int rc;

	if (list == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < h->len; i++) {
		wsgi_headers_at(h, i, &name, &value);
		list[i] = (struct wsgi_header){.name = name.data, .value = value.data};
	}
	rc = start->respond(start, status, list, h->len, exc);
	free(list);
	return rc;
}

int wsgi_headers_bytes(const struct wsgi_headers *h, struct wsgi_buf *out)
{
	/* Two NULs a field become ": " and CRLF. */
	int rc = wsgi_buf_reserve(out, h->text.len + 2 * h->len + 2);
	struct wsgi_span name, value;

	for (size_t i = 0; i < h->len && rc == 0; i++) {
		wsgi_headers_at(h, i, &name, &value);
		wsgi_buf_add(out, name.data, name.len);
		wsgi_buf_add(out, ": ", 2);
		wsgi_buf_add(out, value.data, value.len);
		wsgi_buf_add(out, "\r\n", 2);
	}
	return rc == 0 ? wsgi_buf_add(out, "\r\n", 2) : rc;
}
