/* A query string, field by field, against one that is read a byte at a time. */
#include "wsgi/query.h"

#include <ctype.h>

#include "../fuzz.h"

/* The naive reader's field; its texts end by a NUL that does not count. */
struct field {
	struct wsgi_buf name, value;
};

static void add(struct wsgi_buf *b, char c)
{
	must(wsgi_buf_add(b, &c, 1) == 0);
}

static struct wsgi_span ended(struct wsgi_buf *b)
{
	add(b, '\0');
	return (struct wsgi_span){b->data, b->len - 1};
}

/* The byte at *at, which is moved to the last character that stands for it. */
static char byte_at(struct wsgi_span text, size_t *at)
{
	const char *c = text.data + *at;
	char digits[3] = "";

	if (*c == '+')
		return ' ';
	if (*c != '%' || *at + 2 >= text.len || !isxdigit((unsigned char)c[1]) ||
	    !isxdigit((unsigned char)c[2]))
		return *c;
	memcpy(digits, c + 1, 2);
	*at += 2;
	return (char)strtoul(digits, NULL, 16);
}

/* The field that begins at *at, which is moved behind it; false: there is none. */
static bool next_field(struct wsgi_span text, size_t *at, struct field *field)
{
	bool in_value = false;

	field->name.len = field->value.len = 0;
	while (*at < text.len && text.data[*at] == '&')
		++*at;
	if (*at >= text.len)
		return false;
	for (; *at < text.len && text.data[*at] != '&'; ++*at) {
		if (!in_value && text.data[*at] == '=')
			in_value = true;
		else
			add(in_value ? &field->value : &field->name, byte_at(text, at));
	}
	return true;
}

/* The first field of a name, as one would look for it with the naive reader. */
static void check_get(struct wsgi_span text, const char *name)
{
	struct field field = {0};
	struct wsgi_buf out = {0};
	bool found = false;
	size_t at = 0;
	int rc;

	must(wsgi_buf_adds(&out, "before") == 0);
	while (!found && next_field(text, &at, &field))
		found = wsgi_span_is(ended(&field.name), name);
	rc = wsgi_query_get(text, name, &out);
	must(rc == found && memcmp(out.data, "before", 6) == 0);
	if (found)
		must(same((struct wsgi_span){out.data + 6, out.len - 6}, ended(&field.value)));
	else
		must(out.len == 6);
	must(rc == 0 || out.data[out.len] == '\0');
	wsgi_buf_finish(&out);
	wsgi_buf_finish(&field.name);
	wsgi_buf_finish(&field.value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	char *wanted = fuzz_text(&f, 4);
	struct wsgi_span text = fuzz_span(&f, 255), name, value;
	struct field field = {0};
	struct wsgi_query q;
	size_t at = 0;
	int rc;

	wsgi_query_init(&q, text);
	while ((rc = wsgi_query_next(&q, &name, &value)) == 1) {
		must(next_field(text, &at, &field));
		must(same(name, ended(&field.name)) && same(value, ended(&field.value)));
		must(name.data[name.len] == '\0' && value.data[value.len] == '\0');
		if (memchr(name.data, '\0', name.len) == NULL && name.len < 16)
			check_get(text, field.name.data);
	}
	must(rc == 0 && !next_field(text, &at, &field));
	must(wsgi_query_next(&q, &name, &value) == 0);
	check_get(text, wanted);
	wsgi_query_finish(&q);
	wsgi_buf_finish(&field.name);
	wsgi_buf_finish(&field.value);
	fuzz_free(text);
	free(wanted);
	return 0;
}
