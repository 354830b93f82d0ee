#include "wsgi/hop.h"

#include <stddef.h>

bool wsgi_is_hop_by_hop(struct wsgi_span name)
{
	/* "trailers" is wsgiref's; RFC 2616 says so too where it lists them. */
	static const char *const hops[] = {
		"connection", "keep-alive", "proxy-authenticate", "proxy-authorization",
		"te",         "trailers",   "transfer-encoding",  "upgrade",
	};

	for (size_t i = 0; i < sizeof(hops) / sizeof(hops[0]); i++)
		if (wsgi_span_is_nocase(name, hops[i]))
			return true;
	return false;
}
