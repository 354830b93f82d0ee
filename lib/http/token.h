#ifndef WSGI_HTTP_TOKEN_H
#define WSGI_HTTP_TOKEN_H

#include <stdbool.h>

#include "base/span.h"

/* Whether text is a token, as the names of methods and headers are. Source: RFC 9110, 5.6.2. */
bool wsgi_http_is_token(struct wsgi_span text);

#endif
