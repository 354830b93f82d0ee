/* Where an application is mounted, whatever a front end says of it. */
#include "handler/mount.h"

#include <errno.h>

#include "../fuzz.h"
#include "handler/cgi.h"
#include "handler/paths.h"
#include "wsgi/uri.h"

static const char *const names[] = {"SCRIPT_NAME", "PATH_INFO", "REQUEST_URI", "DOCUMENT_URI",
				    "SCRIPT_FILENAME"};
enum { SCRIPT, PATH, URI, DOCUMENT, FILE_NAME, NAMES };

/* Whether PATH_INFO has a NUL, and an x behind that. */
static bool has_nul;

static void set_path(struct wsgi_environ *env, const char *path)
{
	struct wsgi_buf b = {0};

	must(wsgi_buf_adds(&b, path) == 0 && wsgi_buf_add(&b, "\0x", 2) == 0);
	must(wsgi_environ_set_span(env, wsgi_span_of(names[PATH]),
				   (struct wsgi_span){b.data, b.len}) == 0);
	wsgi_buf_finish(&b);
}

/* NULL: the front end does not say it. */
static struct wsgi_environ environ_of(char *const said[NAMES])
{
	struct wsgi_environ env = {0};

	for (size_t i = 0; i < NAMES; i++)
		if (said[i] != NULL)
			must(wsgi_environ_set(&env, names[i], said[i]) == 0);
	if (has_nul && said[PATH] != NULL)
		set_path(&env, said[PATH]);
	return env;
}

static struct wsgi_span value(const struct wsgi_environ *env, int name)
{
	struct wsgi_span s = {"", 0};

	wsgi_environ_find(env, names[name], &s);
	return s;
}

static struct wsgi_span span(const struct wsgi_buf *b)
{
	return (struct wsgi_span){b->len > 0 ? b->data : "", b->len};
}

/* -- wsgi_mount_fix() -------------------------------------------------------------------------- */

/* The path of a REQUEST_URI, decoded. */
static void path_of(const char *uri, struct wsgi_buf *out)
{
	const char *host = strstr(uri, "://");

	if (uri[0] != '/' && host != NULL)
		uri = strchr(host + 3, '/') != NULL ? strchr(host + 3, '/') : "/";
	must(wsgi_percent_decode((struct wsgi_span){uri, strcspn(uri, "?#")}, out) == 0);
}

/* The whole path, before or after a fix: SCRIPT_NAME and PATH_INFO together, and one slash. */
static void whole_path(const struct wsgi_environ *env, struct wsgi_buf *out)
{
	const struct wsgi_span script = value(env, SCRIPT), path = value(env, PATH);

	if (!wsgi_span_is(script, "/") || path.len == 0 || path.data[0] != '/')
		must(wsgi_buf_add(out, script.data, script.len) == 0);
	must(wsgi_buf_add(out, path.data, path.len) == 0);
}

static bool is_proxied(char *const said[NAMES])
{
	return said[FILE_NAME] != NULL && strncmp(said[FILE_NAME], "proxy:", 6) == 0;
}

/* Whether PATH_INFO is what mod_proxy_fcgi did not decode, and SCRIPT_NAME has it, decoded. */
static bool is_undecoded(char *const said[NAMES], const struct wsgi_environ *env)
{
	const struct wsgi_span script = value(env, SCRIPT), path = value(env, PATH);
	struct wsgi_buf uri = {0}, info = {0};
	bool is;

	if (!is_proxied(said) || said[SCRIPT] == NULL || path.len == 0)
		return false;
	if (said[URI] != NULL)
		path_of(said[URI], &uri);
	must(wsgi_percent_decode(path, &info) == 0);
	is = same(span(&uri), script) && info.len <= script.len &&
	     memcmp(script.data + script.len - info.len, info.data, info.len) == 0;
	wsgi_buf_finish(&uri);
	wsgi_buf_finish(&info);
	return is;
}

static bool is_below(struct wsgi_span path, const char *mount)
{
	const size_t len = strlen(mount);

	if (len == 0)
		return true;
	return path.len >= len && memcmp(path.data, mount, len) == 0 &&
	       (path.len == len || path.data[len] == '/');
}

static void check_file_name(const char *before, const char *after)
{
	if (before == NULL || strncmp(before, "proxy:", 6) != 0) {
		must(before == NULL ? after == NULL : strcmp(after, before) == 0);
		return;
	}
	must(strcmp(after, before) == 0 || (after[0] == '/' && strchr(after, '?') == NULL));
	must(strlen(after) <= strlen(before) && strstr(before, after) != NULL);
}

/* What holds of every request that gets through. */
static void check_fixed(const struct wsgi_environ *env)
{
	const char *script = wsgi_environ_get(env, names[SCRIPT]);

	must(script != NULL && strcmp(script, "/") != 0);
}

/* Returns whether nothing says where it is, but for SCRIPT_NAME and PATH_INFO. */
static bool expected_path(char *const said[NAMES], const struct wsgi_environ *env,
			  struct wsgi_buf *out)
{
	const struct wsgi_span script = value(env, SCRIPT);

	if (is_undecoded(said, env)) {
		must(wsgi_buf_add(out, script.data, script.len) == 0);
		return true;
	}
	if (said[PATH] == NULL && said[URI] != NULL &&
	    !(is_proxied(said) && said[SCRIPT] != NULL)) {
		path_of(said[URI], out);
		return false;
	}
	whole_path(env, out);
	return said[PATH] != NULL || said[URI] == NULL;
}

static void check_mount(char *const said[NAMES], const char *mount)
{
	struct wsgi_environ env = environ_of(said);
	struct wsgi_buf before = {0}, after = {0};
	const bool as_said = expected_path(said, &env, &before);
	int rc = wsgi_mount_fix(&env, mount);

	check_file_name(said[FILE_NAME], wsgi_environ_get(&env, names[FILE_NAME]));
	if (mount != NULL && strcmp(mount, "/") == 0)
		mount = "";
	if (mount != NULL && !is_below(span(&before), mount)) {
		must(rc == -ENOENT);
	} else {
		must(rc == 0);
		check_fixed(&env);
		must(mount == NULL || wsgi_span_is(value(&env, SCRIPT), mount));
		whole_path(&env, &after);
		if (mount == NULL && as_said && said[PATH] == NULL && said[SCRIPT] != NULL &&
		    strcmp(said[SCRIPT], "/") == 0)
			must(after.len == 0); /* nobody asked for PATH_INFO */
		else
			must(same(span(&before), span(&after)));
	}
	wsgi_buf_finish(&before);
	wsgi_buf_finish(&after);
	wsgi_environ_finish(&env);
}

/* What is right already is not changed again. */
static void check_twice(char *const said[NAMES])
{
	struct wsgi_environ env = environ_of(said), again;
	char *fixed[NAMES] = {0};

	must(wsgi_mount_fix(&env, NULL) == 0);
	for (size_t i = 0; i < NAMES; i++)
		if (wsgi_environ_get(&env, names[i]) != NULL)
			fixed[i] = strdup(wsgi_environ_get(&env, names[i]));
	again = environ_of(fixed);
	must(wsgi_mount_fix(&again, NULL) == 0);
	if (fixed[PATH] == NULL || fixed[PATH][0] == '/')
		for (int i = SCRIPT; i <= PATH; i++)
			must(wsgi_span_is(value(&again, i), fixed[i] != NULL ? fixed[i] : ""));
	for (size_t i = 0; i < NAMES; i++)
		free(fixed[i]);
	wsgi_environ_finish(&env);
	wsgi_environ_finish(&again);
}

/* -- wsgi_iis_fix_path() ----------------------------------------------------------------------- */

/* IISCGIHandler.__init__(): with a "/" after both, path begins with script. */
static void check_iis(char *const said[NAMES])
{
	struct wsgi_environ env = environ_of(said);
	const struct wsgi_span path = value(&env, PATH), script = value(&env, SCRIPT);
	struct wsgi_buf longer = {0}, front = {0}, rest = {0};
	size_t taken = 0;

	must(wsgi_buf_add(&longer, path.data, path.len) == 0 && wsgi_buf_adds(&longer, "/") == 0);
	must(wsgi_buf_add(&front, script.data, script.len) == 0 && wsgi_buf_adds(&front, "/") == 0);
	if (longer.len >= front.len && memcmp(longer.data, front.data, front.len) == 0)
		taken = script.len;
	must(wsgi_buf_add(&rest, path.data + taken, path.len - taken) == 0);
	must(wsgi_iis_fix_path(&env) == 0);
	must(same(value(&env, PATH), span(&rest)));
	front.len--;
	must(same(value(&env, SCRIPT), span(&front)));
	wsgi_buf_finish(&longer);
	wsgi_buf_finish(&front);
	wsgi_buf_finish(&rest);
	wsgi_environ_finish(&env);
}

/* -- wsgi_action_paths() ----------------------------------------------------------------------- */

static size_t files[2]; /* the first so many bytes of the path are a file */

static bool is_file(const char *path, size_t len)
{
	must(path != NULL && len > 0);
	return len == files[0] || len == files[1];
}

/* Whether the first len bytes end where a segment ends. */
static bool is_part(const char *path, size_t len)
{
	return len > 0 && path[len - 1] != '/' && (path[len] == '/' || path[len] == '\0');
}

static void check_action(const char *info, const char *translated)
{
	struct wsgi_action_paths paths = {0};
	size_t len = strlen(translated), rest;
	int rc = wsgi_action_paths(info, translated, is_file, &paths);

	while (len > 0 && !(is_part(translated, len) && is_file(translated, len)))
		len--;
	rest = strlen(translated) - len;
	if (len == 0) {
		must(rc == -ENOENT);
	} else if (rest > strlen(info) ||
		   strcmp(info + strlen(info) - rest, translated + len) != 0) {
		must(rc == -EINVAL);
	} else {
		must(rc == 0 && paths.file_len == len);
		must(paths.script_len == strlen(info) - rest);
	}
}

/* What is said begins with front. */
static void put_before(char **said, const char *front)
{
	char *joined;

	if (*said == NULL)
		return;
	must(asprintf(&joined, "%s%s", front, *said) >= 0);
	free(*said);
	*said = joined;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	char *said[NAMES], *mount;
	uint8_t how;

	for (size_t i = 0; i < NAMES; i++)
		said[i] = fuzz_maybe(&f, 60);
	mount = fuzz_maybe(&f, 12);
	files[0] = fuzz_byte(&f) % 64;
	files[1] = fuzz_byte(&f) % 64;
	how = fuzz_byte(&f);
	if (said[SCRIPT] != NULL && how % 2 == 1)
		put_before(&said[PATH], said[SCRIPT]);
	if (how % 16 > 7)
		put_before(&said[FILE_NAME], how % 16 > 11 ? "proxy:fcgi://" : "proxy:");
	has_nul = how & 64;
	check_mount(said, mount);
	check_mount(said, NULL);
	has_nul = false; /* the rest is for strings */
	check_twice(said);
	check_iis(said);
	if (said[PATH] != NULL && said[FILE_NAME] != NULL)
		check_action(said[PATH], said[FILE_NAME]);
	for (size_t i = 0; i < NAMES; i++)
		free(said[i]);
	free(mount);
	return 0;
}
