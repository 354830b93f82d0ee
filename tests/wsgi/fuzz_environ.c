/* Any order of operations on an environ, against a list that is searched from its front. */
#include "wsgi/environ.h"

#include <errno.h>

#include "../fuzz.h"

enum { VARS_MAX = 400, FROM_MAX = 20, MANY = 1100 };

/* What the environ should hold, in order; the texts are the model's own. */
struct model {
	struct {
		struct wsgi_span name, value;
	} vars[VARS_MAX];
	size_t len;
};

/* The one under test; and what it borrows, until it is cleared. */
static struct wsgi_environ env;
static struct model model;
static char *lent[VARS_MAX];
static size_t lent_len;
static struct wsgi_environ from[FROM_MAX];
static size_t from_len;
static bool was_many; /* once is enough: it takes its time */

static struct wsgi_span copy(struct wsgi_span s)
{
	char *bytes = malloc(s.len);

	must(bytes != NULL || s.len == 0);
	if (s.len > 0)
		memcpy(bytes, s.data, s.len);
	return (struct wsgi_span){bytes, s.len};
}

static size_t place_of(struct wsgi_span name)
{
	size_t i = 0;

	while (i < model.len && !same(model.vars[i].name, name))
		i++;
	return i;
}

static void model_set(struct wsgi_span name, struct wsgi_span value)
{
	const size_t i = place_of(name);

	must(i < VARS_MAX);
	if (i == model.len) {
		model.vars[i].name = copy(name);
		model.len++;
	} else {
		fuzz_free(model.vars[i].value);
	}
	model.vars[i].value = copy(value);
}

static void model_delete(struct wsgi_span name)
{
	const size_t i = place_of(name);

	if (i == model.len)
		return;
	fuzz_free(model.vars[i].name);
	fuzz_free(model.vars[i].value);
	model.len--;
	memmove(&model.vars[i], &model.vars[i + 1], (model.len - i) * sizeof(model.vars[0]));
}

static void model_clear(void)
{
	while (model.len > 0)
		model_delete(model.vars[model.len - 1].name);
	while (lent_len > 0)
		free(lent[--lent_len]);
	while (from_len > 0)
		wsgi_environ_finish(&from[--from_len]);
}

/* -- the operations ---------------------------------------------------------------------------- */

/* Names are few, so that they come again; or any bytes. */
static struct wsgi_span a_name(struct fuzz *f)
{
	const uint8_t how = fuzz_byte(f);
	char text[16];

	if (how % 4 == 0)
		return fuzz_span(f, 12);
	snprintf(text, sizeof(text), "N%d", how / 4);
	return copy(wsgi_span_of(text));
}

static void set_span(struct wsgi_span name, struct wsgi_span value)
{
	must(wsgi_environ_set_span(&env, name, value) == 0);
	model_set(name, value);
}

static void borrow(struct wsgi_span name, struct wsgi_span value)
{
	char *text = malloc(name.len + value.len + 2);

	must(text != NULL);
	if (name.len > 0)
		memcpy(text, name.data, name.len);
	text[name.len] = '=';
	if (value.len > 0)
		memcpy(text + name.len + 1, value.data, value.len);
	text[name.len + 1 + value.len] = '\0';
	lent[lent_len++] = text;
	must(wsgi_environ_borrow(&env, text, name.len, value.len) == 0);
	model_set(name, value);
}

/* set() and setdefault() take strings, and refuse what is no name. */
static void set_string(struct fuzz *f, bool only_default)
{
	char *name = fuzz_text(f, 8), *value = fuzz_text(f, 20);
	const struct wsgi_span n = wsgi_span_of(name);
	const bool is_name = name[0] != '\0' && strchr(name, '=') == NULL;
	int rc = only_default ? wsgi_environ_setdefault(&env, name, value)
			      : wsgi_environ_set(&env, name, value);

	must(rc == (is_name ? 0 : -EINVAL));
	if (is_name && !(only_default && place_of(n) < model.len))
		model_set(n, wsgi_span_of(value));
	free(name);
	free(value);
}

static void update(struct fuzz *f)
{
	struct wsgi_environ *more = &from[from_len++];
	struct wsgi_span name, value;

	for (size_t n = fuzz_below(f, 8); n > 0; n--) {
		name = a_name(f);
		value = fuzz_span(f, 20);
		must(wsgi_environ_set_span(more, name, value) == 0);
		fuzz_free(name);
		fuzz_free(value);
	}
	must(wsgi_environ_update(&env, more) == 0);
	for (size_t i = 0; i < more->len; i++) {
		wsgi_environ_at(more, i, &name, &value);
		model_set(name, value);
	}
}

static void delete_one(struct fuzz *f)
{
	char name[16], *text;

	if (fuzz_byte(f) % 4 == 0) {
		text = fuzz_text(f, 12);
		wsgi_environ_delete(&env, text);
		model_delete(wsgi_span_of(text));
		free(text);
		return;
	}
	snprintf(name, sizeof(name), "N%d", fuzz_byte(f) / 4);
	wsgi_environ_delete(&env, name);
	model_delete(wsgi_span_of(name));
}

/* More than is kept for the next request. */
static void clear_many(void)
{
	char name[16];

	wsgi_environ_clear(&env);
	model_clear();
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "N%d", i);
		must(wsgi_environ_set(&env, name, "x") == 0);
	}
	must(env.len == MANY && wsgi_environ_get(&env, "N1099") != NULL);
	wsgi_environ_clear(&env);
	must(env.len == 0 && env.cap == 0 && wsgi_environ_get(&env, "N1") == NULL);
}

static void step(struct fuzz *f)
{
	const uint8_t op = fuzz_byte(f);
	struct wsgi_span name, value;

	switch (op % 8) {
	case 0:
		set_string(f, op & 128);
		return;
	case 1:
		update(f);
		return;
	case 2:
		delete_one(f);
		return;
	case 3:
		if (op == 251 && !was_many) {
			clear_many();
			was_many = true;
		} else if (op > 192) {
			wsgi_environ_clear(&env);
			model_clear();
		}
		return;
	default:
		name = a_name(f);
		value = fuzz_span(f, 40);
		if (op % 2 == 0)
			borrow(name, value);
		else
			set_span(name, value);
		fuzz_free(name);
		fuzz_free(value);
	}
}

/* -- what is there ----------------------------------------------------------------------------- */

static void check_var(size_t i)
{
	struct wsgi_span name, value, found;

	wsgi_environ_at(&env, i, &name, &value);
	must(same(name, model.vars[i].name) && same(value, model.vars[i].value));
	must(value.data[value.len] == '\0' && wsgi_environ_has(&env, name));
	if (name.len == 0 || memchr(name.data, '\0', name.len) == NULL) {
		char *text = strndup(name.len > 0 ? name.data : "", name.len);

		must(wsgi_environ_find(&env, text, &found) && found.data == value.data);
		must(found.len == value.len && wsgi_environ_get(&env, text) == value.data);
		free(text);
	}
}

static void check_all(void)
{
	must(env.len == model.len);
	for (size_t i = 0; i < env.len; i++)
		check_var(i);
}

static void check_absent(struct fuzz *f)
{
	struct wsgi_span name = fuzz_span(f, 12);

	must(wsgi_environ_has(&env, name) == (place_of(name) < model.len));
	fuzz_free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};

	wsgi_environ_init(&env);
	was_many = false;
	while (f.len > 0 && model.len + 8 < VARS_MAX && lent_len < VARS_MAX &&
	       from_len < FROM_MAX) {
		step(&f);
		must(env.len == model.len);
		if (fuzz_byte(&f) % 8 == 0)
			check_all();
	}
	check_all();
	check_absent(&f);
	wsgi_environ_finish(&env);
	must(env.len == 0 && env.vars == NULL);
	model_clear();
	return 0;
}
