#include "serve/status_json.h"

#include "serve/visible.h"

static int add_string(struct wsgi_buf *out, const char *text)
{
	int rc = wsgi_buf_adds(out, "\"");

	if (rc == 0)
		rc = wsgi_visible_json(out, wsgi_span_of(text));
	return rc == 0 ? wsgi_buf_adds(out, "\"") : rc;
}

static int add_value(struct wsgi_buf *out, const struct wsgi_status_field *field, const void *of)
{
	if (field->kind == WSGI_STATUS_WORDS)
		return add_string(out, wsgi_status_words(field, of));
	return wsgi_status_add_number(out, field, of);
}

/* The members of an object, without what stands around them. */
static int add_fields(struct wsgi_buf *out, const struct wsgi_status_field *fields, const void *of)
{
	int rc = 0;

	for (const struct wsgi_status_field *f = fields; rc == 0 && f->name != NULL; f++) {
		rc = wsgi_buf_addf(out, "%s\"%s\":", f == fields ? "" : ",", f->name);
		if (rc == 0)
			rc = add_value(out, f, of);
	}
	return rc;
}

static int add_rows(struct wsgi_buf *out, const struct wsgi_status_facts *f)
{
	struct wsgi_status_row row = {0};
	const char *before = "{";
	int rc = wsgi_buf_adds(out, ", \"processes\":[");

	while (rc == 0 && wsgi_status_row_next(f, &row)) {
		rc = wsgi_buf_adds(out, before);
		if (rc == 0)
			rc = add_fields(out, wsgi_status_row_fields, &row);
		if (rc == 0)
			rc = wsgi_buf_adds(out, "}");
		before = ",{";
	}
	return rc == 0 ? wsgi_buf_adds(out, "]") : rc;
}

int wsgi_status_json(struct wsgi_buf *out, const struct wsgi_status_facts *f, bool full)
{
	int rc = wsgi_buf_adds(out, "{");

	if (rc == 0)
		rc = add_fields(out, wsgi_status_pool_fields, f);
	if (rc == 0 && full)
		rc = add_rows(out, f);
	return rc == 0 ? wsgi_buf_adds(out, "}") : rc;
}
