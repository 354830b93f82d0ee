#include "host/spec.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/span.h"

static bool is_letter(char c)
{
	/* Python's identifiers may be any script's: what is not ASCII is Python's to judge. */
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool ends_in(struct wsgi_span s, const char *ending)
{
	return wsgi_path_ends_in(s.data, s.len, ending);
}

/* "mysite.wsgi" is a module of Django's as often as it is a file: it is one that is there. */
static bool is_file(struct wsgi_span target)
{
	char name[256]; /* NAME_MAX, and a NUL */

	if (target.len >= sizeof(name))
		return false;
	memcpy(name, target.data, target.len);
	name[target.len] = '\0';
	return access(name, F_OK) == 0;
}

static enum wsgi_spec_kind kind_of(struct wsgi_span target)
{
	if (ends_in(target, wsgi_path_library))
		return WSGI_SPEC_NATIVE;
	if (ends_in(target, ".py") || wsgi_path_has_slash(target.data, target.len))
		return WSGI_SPEC_SCRIPT;
	if (ends_in(target, ".wsgi") && is_file(target))
		return WSGI_SPEC_SCRIPT;
	return WSGI_SPEC_MODULE;
}

/* What a dotted name may be made of. */
struct rule {
	const char *what;
	bool dots;
	bool loose; /* "my-app", "2to3": no import statement can say them, import_module() can */
};
static const struct rule module_rule = {.what = "module's name", .dots = true, .loose = true};
static const struct rule callable_rule = {.what = "callable's name", .dots = true};
static const struct rule symbol_rule = {.what = "C symbol"};

static int check_name(struct wsgi_span name, const struct rule *rule, const char *text,
		      struct wsgi_error *err)
{
	bool fresh = true; /* a part begins here */

	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i];

		if (c == '.' && rule->dots) {
			if (fresh)
				break;
			fresh = true;
		} else if (is_letter(c) || (is_digit(c) && !fresh) ||
			   (rule->loose && (is_digit(c) || c == '-'))) {
			fresh = false;
		} else {
			return wsgi_fail(err, -EINVAL, "'%s': '%c' cannot stand %sin a %s", text, c,
					 is_digit(c) ? "first " : "", rule->what);
		}
	}
	if (fresh)
		return wsgi_fail(err, -EINVAL, "'%s': a part of the %s is empty", text, rule->what);
	return 0;
}

static int check_target(enum wsgi_spec_kind kind, struct wsgi_span target, const char *text,
			struct wsgi_error *err)
{
	if (target.len == 0)
		return wsgi_fail(err, -EINVAL, "'%s': no module and no file is named", text);
	if (kind == WSGI_SPEC_MODULE)
		return check_name(target, &module_rule, text, err);
	if (wsgi_path_is_slash(target.data[target.len - 1]))
		return wsgi_fail(err, -EINVAL, "'%s' names a folder, not an application's file",
				 text);
	return 0;
}

int wsgi_spec_parse(struct wsgi_spec *spec, const char *text, struct wsgi_error *err)
{
	struct wsgi_span target = wsgi_span_of(text), callable = wsgi_span_of("application");
	const char *colon = strrchr(text, ':');
	int rc;

	*spec = (struct wsgi_spec){.kind = WSGI_SPEC_DEMO};
	if (colon != NULL && !wsgi_path_has_slash(colon, strlen(colon))) {
		target.len = (size_t)(colon - text);
		callable = wsgi_span_of(colon + 1);
	}
	if (!wsgi_span_is(wsgi_span_of(text), "demo")) {
		spec->kind = kind_of(target);
		rc = check_target(spec->kind, target, text, err);
		if (rc == 0)
			rc = check_name(callable,
					spec->kind == WSGI_SPEC_NATIVE ? &symbol_rule
								       : &callable_rule,
					text, err);
		if (rc != 0)
			return rc;
	}
	spec->target = strndup(target.data, target.len);
	spec->callable = strndup(callable.data, callable.len);
	if (spec->target == NULL || spec->callable == NULL) {
		wsgi_spec_finish(spec);
		return wsgi_fail(err, -ENOMEM, "'%s': out of memory", text);
	}
	return 0;
}

void wsgi_spec_finish(struct wsgi_spec *spec)
{
	free(spec->target);
	free(spec->callable);
	spec->target = spec->callable = NULL;
}
