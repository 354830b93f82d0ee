#include "handler/required.h"

#include <string.h>

#include "wsgi/uri.h"

static bool is_missing(const struct wsgi_environ *env, const char *name)
{
	const char *value = wsgi_environ_get(env, name);

	return value == NULL || value[0] == '\0';
}

/*
 * The length of the host in "host:port", "[address]:port", or either without a port. An IPv6
 * address without brackets, as SERVER_NAME and SERVER_ADDR may have it, has no port.
 */
static size_t host_len(const char *host)
{
	const char *end = host[0] == '[' ? strchr(host, ']') : NULL;
	const char *colon = strchr(host, ':');

	if (end != NULL)
		return (size_t)(end + 1 - host);
	if (colon == NULL || strchr(colon + 1, ':') != NULL)
		return strlen(host);
	return (size_t)(colon - host);
}

static int set(struct wsgi_environ *env, const char *name, const char *value, size_t len)
{
	/* value may lie in env, which set_span() copies before it lets go of what it had. */
	return wsgi_environ_set_span(env, wsgi_span_of(name), (struct wsgi_span){value, len});
}

static int fix_name(struct wsgi_environ *env)
{
	const char *given = wsgi_environ_get(env, "SERVER_NAME"), *name = given;
	size_t len;

	if (name == NULL || name[0] == '\0')
		name = wsgi_environ_get(env, "HTTP_HOST");
	if (name == NULL || host_len(name) == 0)
		name = wsgi_environ_get(env, "SERVER_ADDR");
	if (name == NULL || host_len(name) == 0)
		name = "localhost";
	len = host_len(name);
	if (name == given && name[len] == '\0')
		return 0;
	return set(env, "SERVER_NAME", name, len);
}

static int fix_port(struct wsgi_environ *env)
{
	const char *host, *port = "";

	if (!is_missing(env, "SERVER_PORT"))
		return 0;
	host = wsgi_environ_get(env, "HTTP_HOST");
	if (host != NULL)
		port = host + host_len(host);
	if (port[0] == ':' && port[1] != '\0' && port[1 + strspn(port + 1, "0123456789")] == '\0')
		return set(env, "SERVER_PORT", port + 1, strlen(port + 1));
	return wsgi_environ_set(env, "SERVER_PORT",
				strcmp(wsgi_guess_scheme(env), "https") == 0 ? "443" : "80");
}

static int fix_length(struct wsgi_environ *env)
{
	const char *length = wsgi_environ_get(env, "CONTENT_LENGTH");

	if (length != NULL && strcmp(length, "-1") == 0)
		return wsgi_environ_set(env, "CONTENT_LENGTH", "");
	return 0;
}

int wsgi_required_fix(struct wsgi_environ *env)
{
	int rc = wsgi_environ_setdefault(env, "QUERY_STRING", "");

	if (rc == 0)
		rc = fix_name(env);
	if (rc == 0)
		rc = fix_port(env);
	if (rc == 0 && is_missing(env, "SERVER_PROTOCOL"))
		rc = wsgi_environ_set(env, "SERVER_PROTOCOL", "HTTP/1.0");
	if (rc == 0)
		rc = fix_length(env);
	wsgi_environ_delete(env, "HTTP_CONTENT_TYPE");
	wsgi_environ_delete(env, "HTTP_CONTENT_LENGTH");
	return rc;
}
