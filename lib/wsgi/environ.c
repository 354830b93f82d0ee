#include "wsgi/environ.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* A request has some 30 variables; memory for more than MANY is not kept for the next one. */
enum { FEW = 32, MANY = 1024 };

struct wsgi_var {
	const char *text; /* name, '=', value, NUL */
	char *copy;       /* text, when it is ours to free; else NULL */
	uint32_t name_len, value_len;
	uint32_t hash; /* of the name */
};

/* One of a list: there are few, if any. */
struct wsgi_object {
	struct wsgi_object *next;
	void *object;
	char name[];
};

void wsgi_environ_init(struct wsgi_environ *env)
{
	*env = (struct wsgi_environ){0};
}

static void free_copies(struct wsgi_environ *env)
{
	for (size_t i = 0; env->has_copies && i < env->len; i++)
		free(env->vars[i].copy);
}

static void free_objects(struct wsgi_environ *env)
{
	struct wsgi_object *next;

	for (struct wsgi_object *o = env->objects; o != NULL; o = next) {
		next = o->next;
		free(o);
	}
}

void wsgi_environ_finish(struct wsgi_environ *env)
{
	if (env == NULL)
		return;
	free_copies(env);
	free_objects(env);
	free(env->vars);
	free(env->index);
	wsgi_environ_init(env);
}

void wsgi_environ_clear(struct wsgi_environ *env)
{
	const struct wsgi_environ kept = {
		.vars = env->vars,
		.cap = env->cap,
		.index = env->index,
		.index_cap = env->index_cap,
		.seed = env->seed,
	};

	if (env->cap > MANY) {
		wsgi_environ_finish(env);
		return;
	}
	free_copies(env);
	free_objects(env);
	if (env->len > 0)
		memset(env->index, 0, env->index_cap * sizeof(*env->index));
	*env = kept;
}

static bool has_name(const struct wsgi_var *var, struct wsgi_span name, uint32_t hash)
{
	return var->hash == hash && var->name_len == name.len &&
	       (name.len == 0 || memcmp(var->text, name.data, name.len) == 0);
}

/*
 * The slot of the index that leads to name, or the free one where it belongs. A slot holds the
 * place of a variable plus 1; 0 is a free one, and half of them are free.
 */
static uint32_t *slot_of(const struct wsgi_environ *env, struct wsgi_span name, uint32_t hash)
{
	const size_t mask = env->index_cap - 1;
	size_t at = hash & mask;

	while (env->index[at] != 0 && !has_name(&env->vars[env->index[at] - 1], name, hash))
		at = (at + 1) & mask;
	return &env->index[at];
}

/* Fill the index anew; the hashes are there and the names are unique. */
static void reindex(struct wsgi_environ *env)
{
	const size_t mask = env->index_cap - 1;

	memset(env->index, 0, env->index_cap * sizeof(*env->index));
	for (size_t i = 0; i < env->len; i++) {
		size_t at = env->vars[i].hash & mask;

		while (env->index[at] != 0)
			at = (at + 1) & mask;
		env->index[at] = (uint32_t)(i + 1);
	}
}

static int resize(struct wsgi_environ *env, size_t cap)
{
	struct wsgi_var *vars;
	uint32_t *index;

	if (cap > UINT32_MAX / 4)
		return -ENOMEM;
	index = malloc(cap * 2 * sizeof(*index));
	if (index == NULL)
		return -ENOMEM;
	vars = realloc(env->vars, cap * sizeof(*vars));
	if (vars == NULL) {
		free(index);
		return -ENOMEM;
	}
	free(env->index);
	env->vars = vars;
	env->cap = cap;
	env->index = index;
	env->index_cap = cap * 2;
	reindex(env);
	return 0;
}

static int make_room(struct wsgi_environ *env)
{
	if (env->len < env->cap)
		return 0;
	if (env->seed == 0)
		env->seed = wsgi_hash_seed();
	return resize(env, env->cap != 0 ? env->cap * 2 : FEW);
}

/* Let text be the variable of its name, in the old one's place or at the end. */
static int put(struct wsgi_environ *env, const char *text, size_t name_len, size_t value_len,
	       char *copy)
{
	const struct wsgi_span name = {.data = text, .len = name_len};
	struct wsgi_var *var;
	uint32_t *slot, hash;

	if (name_len > UINT32_MAX || value_len > UINT32_MAX || make_room(env) != 0)
		return -ENOMEM;
	hash = (uint32_t)wsgi_hash(text, name_len, env->seed);
	slot = slot_of(env, name, hash);
	if (*slot == 0) {
		var = &env->vars[env->len++];
		*slot = (uint32_t)env->len;
	} else {
		var = &env->vars[*slot - 1];
		free(var->copy);
	}
	env->has_copies |= copy != NULL;
	var->text = text;
	var->copy = copy;
	var->name_len = (uint32_t)name_len;
	var->value_len = (uint32_t)value_len;
	var->hash = hash;
	return 0;
}

int wsgi_environ_set_span(struct wsgi_environ *env, struct wsgi_span name, struct wsgi_span value)
{
	char *copy;
	int rc;

	if (name.len > UINT32_MAX || value.len > UINT32_MAX)
		return -ENOMEM; /* before the sum below can overflow */
	copy = malloc(name.len + 1 + value.len + 1);
	if (copy == NULL)
		return -ENOMEM;
	if (name.len > 0)
		memcpy(copy, name.data, name.len);
	copy[name.len] = '=';
	if (value.len > 0)
		memcpy(copy + name.len + 1, value.data, value.len);
	copy[name.len + 1 + value.len] = '\0';
	rc = put(env, copy, name.len, value.len, copy);
	if (rc != 0)
		free(copy);
	return rc;
}

static bool is_name(const char *name)
{
	return name[0] != '\0' && strchr(name, '=') == NULL;
}

int wsgi_environ_set(struct wsgi_environ *env, const char *name, const char *value)
{
	if (!is_name(name))
		return -EINVAL;
	return wsgi_environ_set_span(env, wsgi_span_of(name), wsgi_span_of(value));
}

int wsgi_environ_borrow(struct wsgi_environ *env, const char *text, size_t name_len,
			size_t value_len)
{
	return put(env, text, name_len, value_len, NULL);
}

static const struct wsgi_var *find_span(const struct wsgi_environ *env, struct wsgi_span name)
{
	const uint32_t *slot;

	if (env->len == 0)
		return NULL;
	slot = slot_of(env, name, (uint32_t)wsgi_hash(name.data, name.len, env->seed));
	return *slot != 0 ? &env->vars[*slot - 1] : NULL;
}

static const struct wsgi_var *find(const struct wsgi_environ *env, const char *name)
{
	return find_span(env, wsgi_span_of(name));
}

int wsgi_environ_setdefault(struct wsgi_environ *env, const char *name, const char *value)
{
	if (is_name(name) && find(env, name) != NULL)
		return 0;
	return wsgi_environ_set(env, name, value);
}

void wsgi_environ_delete(struct wsgi_environ *env, const char *name)
{
	const struct wsgi_var *found = find(env, name);
	struct wsgi_var *var;

	if (found == NULL)
		return;
	var = &env->vars[found - env->vars];
	free(var->copy);
	env->len--;
	memmove(var, var + 1, (size_t)(env->vars + env->len - var) * sizeof(*var));
	reindex(env);
}

static struct wsgi_span value_of(const struct wsgi_var *var)
{
	return (struct wsgi_span){.data = var->text + var->name_len + 1, .len = var->value_len};
}

const char *wsgi_environ_get(const struct wsgi_environ *env, const char *name)
{
	const struct wsgi_var *var = find(env, name);

	return var != NULL ? value_of(var).data : NULL;
}

bool wsgi_environ_find(const struct wsgi_environ *env, const char *name, struct wsgi_span *value)
{
	const struct wsgi_var *var = find(env, name);

	if (var == NULL)
		return false;
	*value = value_of(var);
	return true;
}

bool wsgi_environ_has(const struct wsgi_environ *env, struct wsgi_span name)
{
	return find_span(env, name) != NULL;
}

void wsgi_environ_at(const struct wsgi_environ *env, size_t i, struct wsgi_span *name,
		     struct wsgi_span *value)
{
	const struct wsgi_var *var = &env->vars[i];

	*name = (struct wsgi_span){.data = var->text, .len = var->name_len};
	*value = value_of(var);
}

/* -- objects ----------------------------------------------------------------------------------- */

/* What leads to the object of that name, or to the end of the list. */
static struct wsgi_object **find_object(struct wsgi_object **at, const char *name)
{
	while (*at != NULL && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	return at;
}

static struct wsgi_object *create_object(const char *name)
{
	const size_t size = strlen(name) + 1;
	struct wsgi_object *o = malloc(sizeof(*o) + size);

	if (o == NULL)
		return NULL;
	o->next = NULL;
	memcpy(o->name, name, size);
	return o;
}

static void remove_object(struct wsgi_object **at)
{
	struct wsgi_object *o = *at;

	if (o == NULL)
		return;
	*at = o->next;
	free(o);
}

int wsgi_environ_set_object(struct wsgi_environ *env, const char *name, void *object)
{
	struct wsgi_object **at = find_object(&env->objects, name);

	if (strchr(name, '.') == NULL || strncmp(name, "wsgi.", 5) == 0)
		return -EINVAL;
	if (object == NULL) {
		remove_object(at);
		return 0;
	}
	if (*at == NULL)
		*at = create_object(name);
	if (*at == NULL)
		return -ENOMEM;
	(*at)->object = object;
	return 0;
}

void *wsgi_environ_get_object(const struct wsgi_environ *env, const char *name)
{
	struct wsgi_object *objects = env->objects;
	struct wsgi_object *const *at = find_object(&objects, name);

	return *at != NULL ? (*at)->object : NULL;
}

static int update_objects(struct wsgi_environ *env, const struct wsgi_environ *from)
{
	int rc = 0;

	for (const struct wsgi_object *o = from->objects; o != NULL && rc == 0; o = o->next)
		rc = wsgi_environ_set_object(env, o->name, o->object);
	return rc;
}

/* -- from another ------------------------------------------------------------------------------ */

/* Become a borrowing copy of from: its hashes hold here too, with its seed. */
static int take_all(struct wsgi_environ *env, const struct wsgi_environ *from)
{
	if (env->cap < from->len && resize(env, from->cap) != 0)
		return -ENOMEM;
	memcpy(env->vars, from->vars, from->len * sizeof(*env->vars));
	for (size_t i = 0; from->has_copies && i < from->len; i++)
		env->vars[i].copy = NULL;
	env->len = from->len;
	env->seed = from->seed;
	if (env->index_cap == from->index_cap)
		memcpy(env->index, from->index, env->index_cap * sizeof(*env->index));
	else
		reindex(env);
	return 0;
}

int wsgi_environ_update(struct wsgi_environ *env, const struct wsgi_environ *from)
{
	int rc = update_objects(env, from);

	if (rc != 0 || from->len == 0)
		return rc;
	if (env->len == 0)
		return take_all(env, from);
	for (size_t i = 0; i < from->len && rc == 0; i++) {
		const struct wsgi_var *var = &from->vars[i];

		rc = put(env, var->text, var->name_len, var->value_len, NULL);
	}
	return rc;
}

int wsgi_environ_copy(struct wsgi_environ *env, const struct wsgi_environ *from)
{
	env->url_scheme = from->url_scheme;
	env->input = from->input;
	env->errors = from->errors;
	env->multithread = from->multithread;
	env->multiprocess = from->multiprocess;
	env->run_once = from->run_once;
	env->input_terminated = from->input_terminated;
	env->file_wrapper = from->file_wrapper;
	env->from_process = from->from_process;
	return wsgi_environ_update(env, from);
}
