#include "serve/status_xml.h"

#include <stdio.h>

#include "serve/visible.h"

static int add_value(struct wsgi_buf *out, const struct wsgi_status_field *field, const void *of)
{
	if (field->kind == WSGI_STATUS_WORDS)
		return wsgi_visible_html(out, wsgi_span_of(wsgi_status_words(field, of)));
	return wsgi_status_add_number(out, field, of);
}

/* "listen queue" is <listen-queue>. */
static void tag_of(char tag[32], const char *name)
{
	snprintf(tag, 32, "%s", name);
	for (char *c = tag; *c != '\0'; c++)
		if (*c == ' ')
			*c = '-';
}

static int add_fields(struct wsgi_buf *out, const struct wsgi_status_field *fields, const void *of,
		      const char *between)
{
	char tag[32];
	int rc = 0;

	for (const struct wsgi_status_field *f = fields; rc == 0 && f->name != NULL; f++) {
		tag_of(tag, f->name);
		rc = wsgi_buf_addf(out, "<%s>", tag);
		if (rc == 0)
			rc = add_value(out, f, of);
		if (rc == 0)
			rc = wsgi_buf_addf(out, "</%s>%s", tag, between);
	}
	return rc;
}

static int add_rows(struct wsgi_buf *out, const struct wsgi_status_facts *f)
{
	struct wsgi_status_row row = {0};
	int rc = wsgi_buf_adds(out, "<processes>\n");

	while (rc == 0 && wsgi_status_row_next(f, &row)) {
		rc = wsgi_buf_adds(out, "<process>");
		if (rc == 0)
			rc = add_fields(out, wsgi_status_row_fields, &row, "");
		if (rc == 0)
			rc = wsgi_buf_adds(out, "</process>\n");
	}
	return rc == 0 ? wsgi_buf_adds(out, "</processes>\n") : rc;
}

int wsgi_status_xml(struct wsgi_buf *out, const struct wsgi_status_facts *f, bool full)
{
	int rc = wsgi_buf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<status>\n");

	if (rc == 0)
		rc = add_fields(out, wsgi_status_pool_fields, f, "\n");
	if (rc == 0 && full)
		rc = add_rows(out, f);
	return rc == 0 ? wsgi_buf_adds(out, "</status>\n") : rc;
}
