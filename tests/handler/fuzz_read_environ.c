/*
 * An arbitrary environment block, against a list, as POSIX has it and as Windows; and which of its
 * names are a request's.
 */
#include "handler/read_environ.h"

#include "../fuzz.h"
#include "handler/unicode_environ.h"
#include "page.h"

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

/* ---- as on Windows ---- */

static struct wsgi_span span_of(const struct wsgi_buf *b)
{
	return (struct wsgi_span){b->data, b->len};
}

static bool is_variable(const char *entry)
{
	return entry[0] != '=' && strchr(entry, '=') != NULL;
}

/* The names as they are in the environ, empty for what is no variable; the caller's to finish. */
static void upper_names(char *const *block, size_t n, struct wsgi_buf *names)
{
	for (size_t i = 0; i < n; i++) {
		const struct wsgi_span name = {block[i], strcspn(block[i], "=")};

		names[i] = (struct wsgi_buf){0};
		must(!is_variable(block[i]) || page.upper(&page, name, &names[i]) == 0);
	}
}

/* The first variable of that name, by its place; n when there is none. */
static size_t first_upper(const struct wsgi_buf *names, size_t n, struct wsgi_span name)
{
	for (size_t i = 0; i < n; i++)
		if (same(span_of(&names[i]), name))
			return i;
	return n;
}

/* The length of the character of one byte that begins here: 1 or 2; 0: it is none. */
static size_t latin1_at(struct wsgi_span text, size_t i)
{
	const unsigned char *s = (const unsigned char *)text.data + i;

	if (s[0] < 0x80)
		return 1;
	return (s[0] == 0xc2 || s[0] == 0xc3) && i + 1 < text.len && (s[1] & 0xc0) == 0x80 ? 2 : 0;
}

/* Apache's bytes; all of the text, when a character in it is above them. */
static void check_latin1(struct wsgi_span text, struct wsgi_span value)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i += latin1_at(text, i))
		if (latin1_at(text, i) == 0) {
			must(same(text, value));
			return;
		}
	for (size_t i = 0; i < text.len; i += latin1_at(text, i), len++) {
		const unsigned char *s = (const unsigned char *)text.data + i;

		must(len < value.len);
		must((unsigned char)value.data[len] ==
		     (s[0] < 0x80 ? s[0] : (s[0] & 3) << 6 | (s[1] & 0x3f)));
	}
	must(value.len == len);
}

static void check_page(struct wsgi_span text, struct wsgi_span value)
{
	struct wsgi_buf bytes = {0};

	must(page.encode(&page, text, &bytes) == 0);
	must(same(span_of(&bytes), value));
	wsgi_buf_finish(&bytes);
}

static void check_value(const char *software, struct wsgi_span name, const char *text,
			struct wsgi_span value)
{
	if (!wsgi_needs_transcode(name) || strncasecmp(software, "Microsoft-IIS/", 14) == 0)
		must(same(wsgi_span_of(text), value));
	else if (strncasecmp(software, "Apache/", 7) == 0)
		check_latin1(wsgi_span_of(text), value);
	else if (strncasecmp(software, "SimpleHTTP/", 11) != 0)
		check_page(wsgi_span_of(text), value);
}

static void check_unicode(const struct wsgi_environ *env, char *const *block, size_t n)
{
	struct wsgi_buf names[ENTRIES];
	struct wsgi_span name, value;
	const char *software = "";
	size_t at = 0, server;

	upper_names(block, n, names);
	server = first_upper(names, n, wsgi_span_of("SERVER_SOFTWARE"));
	if (server < n)
		software = strchr(block[server], '=') + 1;
	for (size_t i = 0; i < n; i++) {
		if (names[i].len == 0 || first_upper(names, n, span_of(&names[i])) != i)
			continue;
		must(at < env->len);
		wsgi_environ_at(env, at++, &name, &value);
		must(same(name, span_of(&names[i])));
		check_value(software, name, strchr(block[i], '=') + 1, value);
	}
	must(at == env->len && env->from_process);
	while (n > 0)
		wsgi_buf_finish(&names[--n]);
}

/* ---- blocks ---- */

/* Entries of a process are strings; a few names come again and again. */
static char *entry(struct fuzz *f)
{
	static const char *const names[] = {"HTTP_", "REDIRECT_", "PATH_INFO", "HTTPS",
					    "A",     "A=",        "SSL_",      "a"};
	static const char *const servers[] = {"SERVER_SOFTWARE=", "Server_Software=Apache/",
					      "SERVER_SOFTWARE=Microsoft-IIS/",
					      "SERVER_SOFTWARE=SimpleHTTP/"};
	const uint8_t how = fuzz_byte(f);
	char *rest = fuzz_text(f, 30), *text;

	must(asprintf(&text, "%s%s%s%s", how >= 0xe0 ? servers[how % 4] : "",
		      how & 8 ? "REDIRECT_" : "", how & 16 ? names[how % 8] : "", rest) >= 0);
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
	wsgi_environ_finish(&env);
	must(wsgi_read_unicode_environ(&env, block, &page) == 0);
	check_unicode(&env, block, n);
	for (size_t i = 0; i < n; i++) {
		block[i][strcspn(block[i], "=")] = '\0';
		must(wsgi_needs_transcode(wsgi_span_of(block[i])) == is_request(block[i]));
	}
	wsgi_environ_finish(&env);
	while (n > 0)
		free(block[--n]);
	return 0;
}
