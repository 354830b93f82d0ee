#include "serve/local.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

/* The length of a host's name, without its port; 0: what follows it is none. */
static size_t name_length(const char *host)
{
	size_t len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");

	if (len > strlen(host))
		return 0;
	if (host[len] == ':')
		return host[len + 1 + strspn(host + len + 1, "0123456789")] == '\0' ? len : 0;
	return host[len] == '\0' ? len : 0;
}

bool wsgi_local_host(const char *host)
{
	char name[INET6_ADDRSTRLEN + 2];
	struct in_addr v4;
	size_t len;

	if (host == NULL)
		return false;
	len = name_length(host);
	if (len == 0 || len >= sizeof(name))
		return false;
	memcpy(name, host, len);
	name[len] = '\0';
	if (strcasecmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0)
		return true;
	/* RFC 1122, 3.2.1.3 (g) */
	return inet_pton(AF_INET, name, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

/* RFC 7239, 4; RFC 9110, 7.6.3; and what came before them. */
static bool is_proxys(struct wsgi_span name)
{
	static const char x_forwarded[] = "HTTP_X_FORWARDED_";
	const size_t len = sizeof(x_forwarded) - 1;

	return wsgi_span_is(name, "HTTP_FORWARDED") || wsgi_span_is(name, "HTTP_VIA") ||
	       wsgi_span_is(name, "HTTP_X_REAL_IP") ||
	       (name.len >= len && memcmp(name.data, x_forwarded, len) == 0);
}

bool wsgi_local_proxy(const struct wsgi_environ *env, struct wsgi_span *name)
{
	for (size_t i = 0; i < env->len; i++) {
		struct wsgi_span candidate, value;

		wsgi_environ_at(env, i, &candidate, &value);
		if (is_proxys(candidate)) {
			*name = candidate;
			return true;
		}
	}
	return false;
}
