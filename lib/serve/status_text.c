#include "serve/status_text.h"

#include <stdio.h>
#include <string.h>

#include "serve/visible.h"

void wsgi_status_time_text(char text[WSGI_WHEN_SIZE], int64_t seconds)
{
	struct wsgi_when then;

	if (wsgi_when_read(&then, seconds) == 0)
		wsgi_when_clf(&then, text);
	else
		strcpy(text, "-"); /* whatever another process has put there */
}

static int add_value(struct wsgi_buf *out, const struct wsgi_status_field *field, const void *of)
{
	char time[WSGI_WHEN_SIZE];

	if (field->kind == WSGI_STATUS_WORDS)
		return wsgi_visible_line(out, wsgi_span_of(wsgi_status_words(field, of)));
	if (field->kind != WSGI_STATUS_TIME)
		return wsgi_status_add_number(out, field, of);
	wsgi_status_time_text(time, wsgi_status_seconds(field, of));
	return wsgi_buf_adds(out, time);
}

static int add_fields(struct wsgi_buf *out, const struct wsgi_status_field *fields, const void *of)
{
	char name[32];
	int rc = 0;

	for (const struct wsgi_status_field *f = fields; rc == 0 && f->name != NULL; f++) {
		snprintf(name, sizeof(name), "%s:", f->text_name != NULL ? f->text_name : f->name);
		rc = wsgi_buf_addf(out, "%-22s", name);
		if (rc == 0)
			rc = add_value(out, f, of);
		if (rc == 0)
			rc = wsgi_buf_adds(out, "\n");
	}
	return rc;
}

int wsgi_status_text(struct wsgi_buf *out, const struct wsgi_status_facts *f, bool full)
{
	struct wsgi_status_row row = {0};
	int rc = add_fields(out, wsgi_status_pool_fields, f);

	while (rc == 0 && full && wsgi_status_row_next(f, &row)) {
		rc = wsgi_buf_adds(out, "\n************************\n");
		if (rc == 0)
			rc = add_fields(out, wsgi_status_row_fields, &row);
	}
	return rc;
}
