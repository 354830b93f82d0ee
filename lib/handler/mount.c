#include "handler/mount.h"

#include <errno.h>
#include <string.h>

#include "wsgi/uri.h"

/* -- SCRIPT_FILENAME --------------------------------------------------------------------------- */

/* mod_proxy_fcgi says so unless it was told that we are not PHP (ProxyFCGIBackendType GENERIC). */
static bool is_proxied(const struct wsgi_environ *env)
{
	const char *name = wsgi_environ_get(env, "SCRIPT_FILENAME");

	return name != NULL && strncmp(name, "proxy:", 6) == 0;
}

/*
 * Of a request that is_proxied: "proxy:fcgi://host:port/path?query" and
 * "proxy:unix:/sock|fcgi://host/path" are "/path".
 */
static int fix_script_filename(struct wsgi_environ *env)
{
	const char *name = wsgi_environ_get(env, "SCRIPT_FILENAME"), *at, *query;
	struct wsgi_span path;

	at = strstr(name, "fcgi://");
	at = at != NULL ? strchr(at + 7, '/') : NULL;
	if (at == NULL)
		return 0;
	query = strchr(at, '?');
	path = (struct wsgi_span){at, query != NULL ? (size_t)(query - at) : strlen(at)};
	return wsgi_environ_set_span(env, wsgi_span_of("SCRIPT_FILENAME"), path);
}

/* -- the path ---------------------------------------------------------------------------------- */

/* The path of a REQUEST_URI: without its query, and without "http://host" of the absolute form. */
static struct wsgi_span uri_path(const char *uri)
{
	const char *scheme = strstr(uri, "://");

	if (uri[0] != '/' && scheme != NULL) {
		uri = strchr(scheme + 3, '/');
		if (uri == NULL)
			return wsgi_span_of("/");
	}
	return (struct wsgi_span){uri, strcspn(uri, "?#")};
}

/* Whether path is at or below mount, at the boundary of a segment. */
static bool is_below(struct wsgi_span path, const char *mount)
{
	size_t len = strlen(mount);

	return path.len >= len && (len == 0 || memcmp(path.data, mount, len) == 0) &&
	       (path.len == len || path.data[len] == '/' || len == 0);
}

/* A value may hold a NUL: a front end that decodes "%00" gives one. */
static int add_variable(struct wsgi_buf *out, const struct wsgi_environ *env, const char *name)
{
	struct wsgi_span value = {0};

	wsgi_environ_find(env, name, &value);
	return wsgi_buf_add(out, value.data, value.len);
}

/* Whether PATH_INFO begins with the slash that a SCRIPT_NAME of "/" alone has, too. */
static bool has_slash(const struct wsgi_environ *env)
{
	const char *path = wsgi_environ_get(env, "PATH_INFO");

	return path != NULL && path[0] == '/';
}

/*
 * The whole decoded path of the request, from what the front end gave.
 *   proxied   without PATH_INFO it is SCRIPT_NAME, as Apache put it right and looked up who may
 */
static int whole_path(const struct wsgi_environ *env, bool proxied, struct wsgi_buf *out)
{
	const char *uri = wsgi_environ_get(env, "REQUEST_URI");
	const char *script = wsgi_environ_get(env, "SCRIPT_NAME");
	int rc = 0;

	if (wsgi_environ_get(env, "PATH_INFO") == NULL && uri != NULL &&
	    (!proxied || script == NULL))
		return wsgi_percent_decode(uri_path(uri), out);
	if (script != NULL && (strcmp(script, "/") != 0 || !has_slash(env)))
		rc = add_variable(out, env, "SCRIPT_NAME");
	return rc == 0 ? add_variable(out, env, "PATH_INFO") : rc;
}

static int set_mount(struct wsgi_environ *env, const char *mount, struct wsgi_span path)
{
	size_t len = strlen(mount);
	struct wsgi_span rest = {path.data + len, path.len - len};
	int rc = wsgi_environ_set(env, "SCRIPT_NAME", mount);

	return rc == 0 ? wsgi_environ_set_span(env, wsgi_span_of("PATH_INFO"), rest) : rc;
}

/* nginx's fastcgi_params: no PATH_INFO, and SCRIPT_NAME is the whole path. */
static bool is_nginx_default(const struct wsgi_environ *env, const char *script)
{
	const char *document = wsgi_environ_get(env, "DOCUMENT_URI");

	return document != NULL && strcmp(document, script) == 0;
}

static int derive_path(struct wsgi_environ *env, bool proxied)
{
	const char *script = wsgi_environ_get(env, "SCRIPT_NAME");
	struct wsgi_buf path = {0};
	struct wsgi_span span;
	int rc = whole_path(env, proxied, &path);

	if (script == NULL || strcmp(script, "/") == 0 || proxied || is_nginx_default(env, script))
		script = "";
	span = (struct wsgi_span){path.data != NULL ? path.data : "", path.len};
	if (rc == 0 && !is_below(span, script))
		script = "";
	if (rc == 0)
		rc = set_mount(env, script, span);
	wsgi_buf_finish(&path);
	return rc;
}

static int apply_mount(struct wsgi_environ *env, const char *mount, bool proxied)
{
	struct wsgi_buf path = {0};
	struct wsgi_span span;
	int rc = whole_path(env, proxied, &path);

	if (strcmp(mount, "/") == 0)
		mount = "";
	span = (struct wsgi_span){path.data != NULL ? path.data : "", path.len};
	if (rc == 0)
		rc = is_below(span, mount) ? set_mount(env, mount, span) : -ENOENT;
	wsgi_buf_finish(&path);
	return rc;
}

/* Whether what REQUEST_URI decodes to is SCRIPT_NAME, all of it. */
static int is_whole_path(const struct wsgi_environ *env, struct wsgi_span script, bool *is_whole)
{
	const char *uri = wsgi_environ_get(env, "REQUEST_URI");
	struct wsgi_buf path = {0};
	int rc = uri != NULL ? wsgi_percent_decode(uri_path(uri), &path) : 0;

	*is_whole = rc == 0 && path.len == script.len &&
		    (path.len == 0 || memcmp(path.data, script.data, path.len) == 0);
	wsgi_buf_finish(&path);
	return rc;
}

/*
 * mod_proxy_fcgi's proxy-fcgi-pathinfo: PATH_INFO is not decoded, and with an escape in it
 * SCRIPT_NAME, which is, does not lose it.
 */
static int fix_pathinfo(struct wsgi_environ *env)
{
	struct wsgi_span script = {0}, sent = {0}, mount;
	struct wsgi_buf path = {0};
	bool is_whole;
	int rc;

	if (!wsgi_environ_find(env, "SCRIPT_NAME", &script) ||
	    !wsgi_environ_find(env, "PATH_INFO", &sent) || sent.len == 0)
		return 0;
	rc = is_whole_path(env, script, &is_whole);
	if (rc == 0 && is_whole)
		rc = wsgi_percent_decode(sent, &path);
	if (rc == 0 && is_whole && path.len <= script.len &&
	    memcmp(script.data + script.len - path.len, path.data, path.len) == 0) {
		mount = (struct wsgi_span){script.data, script.len - path.len};
		rc = wsgi_environ_set_span(env, wsgi_span_of("SCRIPT_NAME"), mount);
		if (rc == 0)
			rc = wsgi_environ_set_span(env, wsgi_span_of("PATH_INFO"),
						   (struct wsgi_span){path.data, path.len});
	}
	wsgi_buf_finish(&path);
	return rc;
}

/* A root mount: "" and a PATH_INFO that begins with "/". */
static int fix_root(struct wsgi_environ *env)
{
	const char *script = wsgi_environ_get(env, "SCRIPT_NAME"), *path;
	struct wsgi_buf with_slash = {0};
	int rc = 0;

	if (script != NULL && strcmp(script, "/") != 0)
		return 0;
	path = wsgi_environ_get(env, "PATH_INFO");
	if (script != NULL && path != NULL && path[0] != '/') {
		rc = wsgi_buf_adds(&with_slash, "/");
		if (rc == 0)
			rc = add_variable(&with_slash, env, "PATH_INFO");
		if (rc == 0)
			rc = wsgi_environ_set_span(
				env, wsgi_span_of("PATH_INFO"),
				(struct wsgi_span){with_slash.data, with_slash.len});
		wsgi_buf_finish(&with_slash);
	}
	return rc == 0 ? wsgi_environ_set(env, "SCRIPT_NAME", "") : rc;
}

int wsgi_mount_fix(struct wsgi_environ *env, const char *script_name)
{
	const bool proxied = is_proxied(env);
	int rc = proxied ? fix_script_filename(env) : 0;

	if (rc == 0 && proxied)
		rc = fix_pathinfo(env);
	if (rc != 0)
		return rc;
	if (script_name != NULL)
		return apply_mount(env, script_name, proxied);
	if (wsgi_environ_get(env, "PATH_INFO") == NULL &&
	    wsgi_environ_get(env, "REQUEST_URI") != NULL)
		return derive_path(env, proxied);
	return fix_root(env);
}
