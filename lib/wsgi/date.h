#ifndef WSGI_DATE_H
#define WSGI_DATE_H

#include <stdint.h>

#include "base/decls.h"

WSGI_BEGIN_DECLS

enum { WSGI_DATE_SIZE = 64 };

/*
 * Format seconds since 1970 as an HTTP date, always in English: "Sun, 06 Nov 1994 08:49:37 GMT".
 * Source   wsgiref/handlers.py format_date_time(); RFC 9110, 5.6.7.
 */
void wsgi_date_format(int64_t seconds, char out[WSGI_DATE_SIZE]);

WSGI_END_DECLS

#endif
