#include "http/token.h"

#include <string.h>

bool wsgi_http_is_token(struct wsgi_span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if ((c < '0' || c > '9') && ((c | 32) < 'a' || (c | 32) > 'z') &&
		    (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
			return false;
	}
	return text.len > 0;
}
