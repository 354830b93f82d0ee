#include "wsgi/trace.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void wsgi_trace_init(struct wsgi_trace *t)
{
	*t = (struct wsgi_trace){0};
}

void wsgi_trace_finish(struct wsgi_trace *t)
{
	if (t == NULL)
		return;
	wsgi_buf_finish(&t->text);
	free(t->errors);
	free(t->frames);
	free(t->locals);
	wsgi_trace_init(t);
}

const char *wsgi_trace_text(const struct wsgi_trace *t, size_t at)
{
	return at < t->text.len ? t->text.data + at : "";
}

/* Append a string with its NUL; *at is where it begins. Place 0 is always "". */
static int add_text(struct wsgi_trace *t, const char *text, size_t *at)
{
	int rc = t->text.len == 0 ? wsgi_buf_add(&t->text, "", 1) : 0;

	*at = 0;
	if (rc != 0 || text == NULL || text[0] == '\0')
		return rc;
	*at = t->text.len;
	return wsgi_buf_add(&t->text, text, strlen(text) + 1);
}

/* A list of len items, with room for one more: it doubles where len is a power of two. */
static void *with_room(void *list, size_t len, size_t item)
{
	if ((len & (len - 1)) != 0)
		return list;
	if (len > SIZE_MAX / 2 / item)
		return NULL;
	return realloc(list, (len > 0 ? 2 * len : 1) * item);
}

int wsgi_trace_add_error(struct wsgi_trace *t, const char *type, const char *message,
			 enum wsgi_trace_relation relation)
{
	struct wsgi_trace_error e = {.relation = relation, .first_frame = t->frames_len};
	struct wsgi_trace_error *list = with_room(t->errors, t->errors_len, sizeof(*list));
	size_t before = t->text.len;

	if (list == NULL)
		return -ENOMEM;
	t->errors = list;
	if (add_text(t, type, &e.type) != 0 || add_text(t, message, &e.message) != 0) {
		t->text.len = before;
		return -ENOMEM;
	}
	t->errors[t->errors_len++] = e;
	return 0;
}

int wsgi_trace_add_frame(struct wsgi_trace *t, const char *file, const char *function,
			 unsigned line, const char *source, unsigned source_line)
{
	struct wsgi_trace_frame f = {
		.line = line, .source_line = source_line, .first_local = t->locals_len};
	struct wsgi_trace_frame *list = with_room(t->frames, t->frames_len, sizeof(*list));
	size_t before = t->text.len;

	assert(t->errors_len > 0);
	if (list == NULL)
		return -ENOMEM;
	t->frames = list;
	if (add_text(t, file, &f.file) != 0 || add_text(t, function, &f.function) != 0 ||
	    add_text(t, source, &f.source) != 0) {
		t->text.len = before;
		return -ENOMEM;
	}
	t->frames[t->frames_len++] = f;
	t->errors[t->errors_len - 1].frames++;
	return 0;
}

int wsgi_trace_add_local(struct wsgi_trace *t, const char *name, const char *value)
{
	struct wsgi_trace_local l;
	struct wsgi_trace_local *list = with_room(t->locals, t->locals_len, sizeof(*list));
	size_t before = t->text.len;

	assert(t->frames_len > 0);
	if (list == NULL)
		return -ENOMEM;
	t->locals = list;
	if (add_text(t, name, &l.name) != 0 || add_text(t, value, &l.value) != 0) {
		t->text.len = before;
		return -ENOMEM;
	}
	t->locals[t->locals_len++] = l;
	t->frames[t->frames_len - 1].locals++;
	return 0;
}

int wsgi_trace_set_runtime(struct wsgi_trace *t, const char *runtime)
{
	size_t at, before = t->text.len;

	if (add_text(t, runtime, &at) != 0) {
		t->text.len = before;
		return -ENOMEM;
	}
	t->runtime = at;
	return 0;
}
