#include "handler/read_environ.h"

#include <string.h>

#include "base/codepage.h"
#include "handler/unicode_environ.h"

int wsgi_read_environ(struct wsgi_environ *env, char *const *block)
{
	const struct wsgi_codepage *page = wsgi_codepage_system();

	if (page != NULL)
		return wsgi_read_unicode_environ(env, block, page);
	env->from_process = true;
	for (; *block != NULL; block++) {
		const char *eq = strchr(*block, '=');
		struct wsgi_span name, value;
		int rc;

		if (eq == NULL)
			continue;
		name = (struct wsgi_span){*block, (size_t)(eq - *block)};
		value = wsgi_span_of(eq + 1);
		if (wsgi_environ_has(env, name))
			continue;
		rc = wsgi_environ_borrow(env, *block, name.len, value.len);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static bool begins(struct wsgi_span s, const char *with)
{
	size_t len = strlen(with);

	return s.len >= len && memcmp(s.data, with, len) == 0;
}

bool wsgi_needs_transcode(struct wsgi_span name)
{
	static const char *const request[] = {
		"SCRIPT_NAME",  "PATH_INFO",      "QUERY_STRING", "REQUEST_METHOD", "AUTH_TYPE",
		"CONTENT_TYPE", "CONTENT_LENGTH", "HTTPS",        "REMOTE_USER",    "REMOTE_IDENT",
	};

	while (begins(name, "REDIRECT_"))
		name = (struct wsgi_span){name.data + 9, name.len - 9};
	if (begins(name, "HTTP_") || begins(name, "SSL_"))
		return true;
	for (size_t i = 0; i < sizeof(request) / sizeof(request[0]); i++)
		if (wsgi_span_is(name, request[i]))
			return true;
	return false;
}
