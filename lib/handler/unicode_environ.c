#include "handler/unicode_environ.h"

#include <string.h>

#include "handler/read_environ.h"
#include "handler/transcode.h"

/* What it takes to read one variable after the other. */
struct reader {
	struct wsgi_environ *env;
	const struct wsgi_codepage *page;
	enum wsgi_transcoding how;
	struct wsgi_buf name, value; /* of the variable that is read */
};

/* Returns whether an entry is a variable. */
static bool split(const char *entry, struct wsgi_span *name, struct wsgi_span *value)
{
	const char *eq = strchr(entry, '=');

	if (eq == NULL || eq == entry)
		return false;
	*name = (struct wsgi_span){entry, (size_t)(eq - entry)};
	*value = wsgi_span_of(eq + 1);
	return true;
}

static enum wsgi_transcoding transcoding_of(char *const *block)
{
	struct wsgi_span name, value;

	for (; *block != NULL; block++)
		if (split(*block, &name, &value) && wsgi_span_is_nocase(name, "SERVER_SOFTWARE"))
			return wsgi_transcoding_of(value);
	return wsgi_transcoding_of((struct wsgi_span){0});
}

static struct wsgi_span span_of(const struct wsgi_buf *b)
{
	return (struct wsgi_span){b->data, b->len};
}

/* Set a variable, unless it is there. Returns 0 or -ENOMEM. */
static int read_variable(struct reader *r, struct wsgi_span name, struct wsgi_span value)
{
	int rc;

	r->name.len = r->value.len = 0;
	rc = r->page->upper(r->page, name, &r->name);
	if (rc != 0)
		return rc;
	name = span_of(&r->name);
	if (wsgi_environ_has(r->env, name))
		return 0;
	if (wsgi_needs_transcode(name)) {
		rc = wsgi_transcode(r->how, r->page, value, &r->value);
		if (rc != 0)
			return rc;
		value = span_of(&r->value);
	}
	return wsgi_environ_set_span(r->env, name, value);
}

int wsgi_read_unicode_environ(struct wsgi_environ *env, char *const *block,
			      const struct wsgi_codepage *page)
{
	struct reader r = {.env = env, .page = page, .how = transcoding_of(block)};
	struct wsgi_span name, value;
	int rc = 0;

	env->from_process = true;
	for (; rc == 0 && *block != NULL; block++)
		if (split(*block, &name, &value))
			rc = read_variable(&r, name, value);
	wsgi_buf_finish(&r.name);
	wsgi_buf_finish(&r.value);
	return rc;
}

int wsgi_set_request_variable(struct wsgi_environ *env, const char *name, const char *text,
			      const struct wsgi_codepage *page)
{
	struct wsgi_span software = {0};
	struct wsgi_buf value = {0};
	int rc;

	if (page == NULL)
		return wsgi_environ_set(env, name, text);
	wsgi_environ_find(env, "SERVER_SOFTWARE", &software);
	rc = wsgi_transcode(wsgi_transcoding_of(software), page, wsgi_span_of(text), &value);
	if (rc == 0)
		rc = wsgi_environ_set_span(env, wsgi_span_of(name), span_of(&value));
	wsgi_buf_finish(&value);
	return rc;
}
