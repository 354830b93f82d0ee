/* An arbitrary environment block, against a list; and which of its names are a request's. */
#include "handler/read_environ.h"

#include "../fuzz.h"

enum { ENTRIES = 64 };

/* The first entry of that name, by its place; n when there is none. */
static size_t first_of(char *const *block, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(block[i], name, len) == 0 && block[i][len] == '=' &&
		    memchr(block[i], '=', len) == NULL)
			return i;
	return n;
}

static void check(const struct wsgi_environ *env, char *const *block, size_t n)
{
	struct wsgi_span name, value;
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		const char *eq = strchr(block[i], '=');

		if (eq == NULL || first_of(block, n, block[i], (size_t)(eq - block[i])) != i)
			continue;
		must(at < env->len);
		wsgi_environ_at(env, at++, &name, &value);
		must(name.data == block[i] && name.len == (size_t)(eq - block[i]));
		must(value.data == eq + 1 && value.len == strlen(eq + 1));
	}
	must(at == env->len && env->from_process);
}

/* wsgiref's _needs_transcode(), which calls itself. */
static bool is_request(const char *name)
{
	static const char names[] = " SCRIPT_NAME PATH_INFO QUERY_STRING REQUEST_METHOD AUTH_TYPE "
				    "CONTENT_TYPE CONTENT_LENGTH HTTPS REMOTE_USER REMOTE_IDENT ";
	char padded[64];

	if (strncmp(name, "REDIRECT_", 9) == 0)
		return is_request(name + 9);
	if (strncmp(name, "HTTP_", 5) == 0 || strncmp(name, "SSL_", 4) == 0)
		return true;
	return name[0] != '\0' && strchr(name, ' ') == NULL &&
	       (size_t)snprintf(padded, sizeof(padded), " %s ", name) < sizeof(padded) &&
	       strstr(names, padded) != NULL;
}

/* Entries of a process are strings; a few names come again and again. */
static char *entry(struct fuzz *f)
{
	static const char *const names[] = {"HTTP_", "REDIRECT_", "PATH_INFO", "HTTPS",
					    "A",     "A=",        "SSL_",      "REMOTE_USER"};
	const uint8_t how = fuzz_byte(f);
	char *rest = fuzz_text(f, 30), *text;

	must(asprintf(&text, "%s%s%s", how & 8 ? "REDIRECT_" : "", how & 16 ? names[how % 8] : "",
		      rest) >= 0);
	free(rest);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	char *block[ENTRIES + 1];
	struct wsgi_environ env = {0};
	size_t n = 0;

	while (f.len > 0 && n < ENTRIES)
		block[n++] = entry(&f);
	block[n] = NULL;
	must(wsgi_read_environ(&env, block) == 0);
	check(&env, block, n);
	for (size_t i = 0; i < n; i++) {
		block[i][strcspn(block[i], "=")] = '\0';
		must(wsgi_needs_transcode(wsgi_span_of(block[i])) == is_request(block[i]));
	}
	wsgi_environ_finish(&env);
	while (n > 0)
		free(block[--n]);
	return 0;
}
