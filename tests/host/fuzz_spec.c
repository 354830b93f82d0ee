/* An application's name: what is taken for one has the shape that its kind says. */
#include "host/spec.h"

#include <errno.h>
#include <stdio.h>

#include "../fuzz.h"

static bool is_letter(char c)
{
	return (c & 0x80) != 0 || c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Identifiers between dots; loose: with digits and hyphens anywhere. */
static bool is_dotted(const char *name, bool loose)
{
	for (char before = '.';; before = *name++) {
		if ((*name == '.' || *name == '\0') && before == '.')
			return false;
		if (*name == '\0')
			return true;
		if (*name == '.' || is_letter(*name))
			continue;
		if (*name == '-' ? !loose : *name < '0' || *name > '9' || (before == '.' && !loose))
			return false;
	}
}

static bool ends_in(const char *text, const char *ending)
{
	size_t len = strlen(text), n = strlen(ending);

	return len >= n && strcmp(text + len - n, ending) == 0;
}

static void check_kind(const struct wsgi_spec *spec)
{
	const char *target = spec->target, *callable = spec->callable;

	switch (spec->kind) {
	case WSGI_SPEC_DEMO:
		must(strcmp(target, "demo") == 0);
		break;
	case WSGI_SPEC_MODULE:
		must(strchr(target, '/') == NULL && is_dotted(target, true));
		must(is_dotted(callable, false));
		break;
	case WSGI_SPEC_SCRIPT:
		must(!ends_in(target, "/") && !ends_in(target, ".so") &&
		     is_dotted(callable, false));
		must(strchr(target, '/') != NULL || ends_in(target, ".py") ||
		     ends_in(target, ".wsgi"));
		break;
	case WSGI_SPEC_NATIVE:
		must(ends_in(target, ".so") && strchr(callable, '.') == NULL);
		must(is_dotted(callable, false));
	}
}

/* The parts say what the text said, and written out in full they are read as the same. */
static void check_parts(const struct wsgi_spec *spec, const char *text)
{
	const size_t len = strlen(spec->target);
	struct wsgi_spec again;
	char *full;

	must(len > 0 && strncmp(text, spec->target, len) == 0);
	if (text[len] == ':')
		must(strcmp(text + len + 1, spec->callable) == 0);
	else
		must(text[len] == '\0' && strcmp(spec->callable, "application") == 0);
	if (spec->kind == WSGI_SPEC_DEMO)
		return;
	must(asprintf(&full, "%s:%s", spec->target, spec->callable) > 0);
	must(wsgi_spec_parse(&again, full, NULL) == 0);
	must(again.kind == spec->kind && strcmp(again.target, spec->target) == 0);
	must(strcmp(again.callable, spec->callable) == 0);
	wsgi_spec_finish(&again);
	free(full);
}

/* Whether a name can be taken apart, by its text alone. */
static bool is_spec(const char *text)
{
	const char *colon = strrchr(text, ':');
	char *target, *callable;
	bool is;

	if (strcmp(text, "demo") == 0)
		return true;
	if (colon != NULL && strchr(colon, '/') != NULL)
		colon = NULL;
	target = colon != NULL ? strndup(text, (size_t)(colon - text)) : strdup(text);
	callable = strdup(colon != NULL ? colon + 1 : "application");
	is = target[0] != '\0' && !ends_in(target, "/") && is_dotted(callable, false);
	if (ends_in(target, ".so"))
		is = is && strchr(callable, '.') == NULL;
	else if (strchr(target, '/') == NULL && !ends_in(target, ".py"))
		is = is && is_dotted(target, true);
	free(target);
	free(callable);
	return is;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	char *text = fuzz_rest(&f);
	struct wsgi_error err = {0};
	struct wsgi_spec spec;
	int rc = wsgi_spec_parse(&spec, text, &err);

	must((rc == 0) == is_spec(text));
	if (rc == 0) {
		check_parts(&spec, text);
		check_kind(&spec);
	} else {
		must(rc == -EINVAL && err.code == rc && err.text[0] != '\0');
		must(strchr(err.text, '\n') == NULL);
		must(spec.target == NULL && spec.callable == NULL);
	}
	wsgi_spec_finish(&spec);
	free(text);
	return 0;
}
