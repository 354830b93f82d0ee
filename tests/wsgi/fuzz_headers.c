/* Any order of operations on Headers, against a list; and what bytes() gives is read again. */
#include "wsgi/headers.h"

#include <errno.h>

#include "../fuzz.h"

enum { FIELDS_MAX = 100, PARAMS_MAX = 4, LIST_MAX = 3 };

static struct wsgi_headers h;
/* What it should hold, in order. */
static struct {
	char *name, *value;
} model[FIELDS_MAX];
static size_t model_len;

/* -- the model --------------------------------------------------------------------------------- */

/* As str.lower() has latin-1. */
static int lower(char c)
{
	const unsigned char u = (unsigned char)c;

	return (u >= 'A' && u <= 'Z') || (u >= 0xc0 && u <= 0xde && u != 0xd7) ? u + 32 : u;
}

static bool same_name(const char *a, const char *b)
{
	while (*a != '\0' && lower(*a) == lower(*b))
		a++, b++;
	return *a == '\0' && *b == '\0';
}

/* No control character; a tab may stand in a value. */
static bool is_clean(const char *text, bool is_value)
{
	for (; *text != '\0'; text++)
		if (((unsigned char)*text < 32 && !(is_value && *text == '\t')) || *text == 127)
			return false;
	return true;
}

static void model_add(const char *name, const char *value)
{
	must(model_len < FIELDS_MAX);
	model[model_len].name = strdup(name);
	model[model_len++].value = strdup(value);
}

static void model_delete(const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < model_len; i++) {
		if (same_name(model[i].name, name)) {
			free(model[i].name);
			free(model[i].value);
		} else {
			model[kept++] = model[i];
		}
	}
	model_len = kept;
}

static const char *model_get(const char *name, size_t n)
{
	for (size_t i = 0; i < model_len; i++)
		if (same_name(model[i].name, name) && n-- == 0)
			return model[i].value;
	return NULL;
}

static void model_cut(size_t len)
{
	while (model_len > len) {
		free(model[--model_len].name);
		free(model[model_len].value);
	}
}

/* -- the operations ---------------------------------------------------------------------------- */

static char *a_name(struct fuzz *f)
{
	static const char *const names[] = {"Content-Type", "content-type", "X-\xc9", "x-\xe9",
					    "X-\xd7",       "x-\xf7",       "A",      "Set-Cookie"};
	const uint8_t how = fuzz_byte(f);

	return how % 4 == 0 ? fuzz_text(f, 10) : strdup(names[how / 4 % 8]);
}

static void add(const char *name, const char *value)
{
	const bool clean = is_clean(name, false) && is_clean(value, true);
	const struct wsgi_span n = wsgi_span_of(name), v = wsgi_span_of(value);
	struct wsgi_error err = {0};

	must(wsgi_header_check(n, v, &err) == (clean ? 0 : -EINVAL));
	must((err.text[0] == '\0') == clean);
	must(wsgi_headers_add(&h, name, value) == (clean ? 0 : -EINVAL));
	if (clean)
		model_add(name, value);
}

static void add_span(const char *name, const char *value)
{
	const struct wsgi_span n = wsgi_span_of(name), v = wsgi_span_of(value);

	if (wsgi_header_check(n, v, NULL) != 0)
		return;
	must(wsgi_headers_add_span(&h, n, v) == 0);
	model_add(name, value);
}

static void set(const char *name, const char *value)
{
	const bool clean = is_clean(name, false) && is_clean(value, true);

	must(wsgi_headers_set(&h, name, value) == (clean ? 0 : -EINVAL));
	if (!clean)
		return;
	model_delete(name);
	model_add(name, value);
}

static void setdefault(const char *name, const char *value)
{
	const bool there = model_get(name, 0) != NULL;
	const bool clean = is_clean(name, false) && is_clean(value, true);

	must(wsgi_headers_setdefault(&h, name, value) == (there || clean ? 0 : -EINVAL));
	if (!there && clean)
		model_add(name, value);
}

static void add_list(struct fuzz *f, char *name, char *value)
{
	const struct wsgi_header list[LIST_MAX] = {{name, value}, {"A", value}, {name, ""}};
	const size_t n = fuzz_below(f, LIST_MAX + 1), before = model_len;
	int rc = wsgi_headers_add_all(&h, list, n);

	for (size_t i = 0; i < n; i++) {
		if (!is_clean(list[i].name, false) || !is_clean(list[i].value, true)) {
			must(rc == -EINVAL && wsgi_headers_len(&h) == before);
			model_cut(before);
			return;
		}
		model_add(list[i].name, list[i].value);
	}
	must(rc == 0);
}

/* name; name="value", as email.message has it too */
static void model_param(struct wsgi_buf *out, const struct wsgi_header_param *param)
{
	for (const char *c = param->name; *c != '\0'; c++)
		must(wsgi_buf_add(out, *c == '_' ? "-" : c, 1) == 0);
	if (param->value == NULL || param->value[0] == '\0')
		return;
	must(wsgi_buf_adds(out, "=\"") == 0);
	for (const char *c = param->value; *c != '\0'; c++)
		must(wsgi_buf_addf(out, "%s%c", *c == '"' || *c == '\\' ? "\\" : "", *c) == 0);
	must(wsgi_buf_adds(out, "\"") == 0);
}

static void add_header(struct fuzz *f, const char *name, const char *value)
{
	struct wsgi_header_param params[PARAMS_MAX];
	const size_t n = fuzz_below(f, PARAMS_MAX + 1);
	bool clean = is_clean(name, false) && (value == NULL || is_clean(value, true));
	char *texts[2 * PARAMS_MAX];
	struct wsgi_buf out = {0};

	must(wsgi_buf_adds(&out, value != NULL ? value : "") == 0);
	for (size_t i = 0; i < n; i++) {
		params[i].name = texts[2 * i] = fuzz_text(f, 5);
		params[i].value = texts[2 * i + 1] = fuzz_maybe(f, 8);
		clean = clean && is_clean(params[i].name, false) &&
			(params[i].value == NULL || is_clean(params[i].value, true));
		must(wsgi_buf_adds(&out, i > 0 || value != NULL ? "; " : "") == 0);
		model_param(&out, &params[i]);
	}
	must(wsgi_buf_add(&out, "", 1) == 0);
	must(wsgi_headers_add_header(&h, name, value, params, n) == (clean ? 0 : -EINVAL));
	if (clean)
		model_add(name, out.data);
	for (size_t i = 0; i < 2 * n; i++)
		free(texts[i]);
	wsgi_buf_finish(&out);
}

static void step(struct fuzz *f)
{
	const uint8_t op = fuzz_byte(f);
	char *name = a_name(f), *value = fuzz_text(f, 20);

	if (op == 255) {
		wsgi_headers_clear(&h);
		model_cut(0);
	} else if (op % 8 < 2) {
		add_header(f, name, op % 8 == 0 ? value : NULL);
	} else if (op % 8 == 2) {
		set(name, value);
	} else if (op % 8 == 3) {
		setdefault(name, value);
	} else if (op % 8 == 4) {
		wsgi_headers_delete(&h, name);
		model_delete(name);
	} else if (op % 8 == 5) {
		add_list(f, name, value);
	} else if (op % 8 == 6) {
		add_span(name, value);
	} else {
		add(name, value);
	}
	free(name);
	free(value);
}

/* -- what is there ----------------------------------------------------------------------------- */

static void check_names(const char *name)
{
	const char *got = wsgi_headers_get(&h, name), *want = model_get(name, 0);
	size_t i = 0;

	must((got == NULL) == (want == NULL) && wsgi_headers_contains(&h, name) == (want != NULL));
	must(got == NULL || strcmp(got, want) == 0);
	for (; (want = model_get(name, i)) != NULL; i++) {
		got = wsgi_headers_get_all(&h, name, i);
		must(got != NULL && strcmp(got, want) == 0);
	}
	must(wsgi_headers_get_all(&h, name, i) == NULL);
}

static void check_fields(void)
{
	struct wsgi_span name, value;

	must(h.len == model_len && wsgi_headers_len(&h) == model_len);
	for (size_t i = 0; i < model_len; i++) {
		wsgi_headers_at(&h, i, &name, &value);
		must(wsgi_span_is(name, model[i].name) && wsgi_span_is(value, model[i].value));
		must(name.data[name.len] == '\0' && value.data[value.len] == '\0');
		check_names(model[i].name);
	}
}

/* Line by line, as who receives the block reads it: a line a field, and a blank one at the end. */
static void check_bytes(void)
{
	struct wsgi_buf out = {0};
	char *at, *end, *colon;

	must(wsgi_buf_adds(&out, "before") == 0 && wsgi_headers_bytes(&h, &out) == 0);
	must(wsgi_buf_add(&out, "", 1) == 0 && strlen(out.data) == out.len - 1);
	at = out.data + strlen("before");
	for (size_t i = 0; i < model_len; i++, at = end + 2) {
		end = strchr(at, '\r');
		must(end != NULL && end[1] == '\n');
		*end = '\0';
		must(is_clean(at, true) &&
		     strlen(at) == strlen(model[i].name) + 2 + strlen(model[i].value));
		colon = at + strlen(model[i].name);
		must(strncmp(colon, ": ", 2) == 0 && strcmp(colon + 2, model[i].value) == 0);
		*colon = '\0';
		must(strcmp(at, model[i].name) == 0);
	}
	must(strcmp(at, "\r\n") == 0);
	wsgi_buf_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	char *name;

	wsgi_headers_init(&h);
	while (f.len > 0 && model_len + LIST_MAX < FIELDS_MAX)
		step(&f);
	f = (struct fuzz){data, size};
	name = fuzz_text(&f, 10);
	check_names(name);
	check_fields();
	check_bytes();
	wsgi_headers_finish(&h);
	model_cut(0);
	free(name);
	return 0;
}
