#ifndef WSGI_SERVE_ACCESS_FORMAT_H
#define WSGI_SERVE_ACCESS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/span.h"

/*
 * access_format - a format of --access-logformat, taken apart.
 *
 * Shape    gunicorn's: %(h)s is an atom, %(D)d one that is a number, %% a '%'; {name}i, {name}o and
 *          {name}e are a request's header, a response's, and a variable. Or "json".
 * Source   gunicorn's access_log_format; glogging.py of gunicorn 20.1, Logger.atoms().
 */
enum wsgi_access_kind {
	WSGI_ACCESS_TEXT,     /* what stands between atoms */
	WSGI_ACCESS_ATOM,     /* a letter */
	WSGI_ACCESS_REQUEST,  /* {name}i: name is the variable, HTTP_NAME */
	WSGI_ACCESS_RESPONSE, /* {name}o */
	WSGI_ACCESS_VARIABLE, /* {name}e */
};

struct wsgi_access_item {
	enum wsgi_access_kind kind;
	char atom;        /* of WSGI_ACCESS_ATOM */
	const char *text; /* a name, or len bytes of text; the format's */
	size_t len;
};

struct wsgi_access_format {
	bool is_json;                   /* and there are no items */
	struct wsgi_access_item *items; /* len of them; private, as the next */
	size_t len;
	char *text;
};

/*
 * Returns 0; -EINVAL with words that name the atom that there is not; -ENOMEM. In any case
 * wsgi_access_format_finish() is called afterwards.
 */
int wsgi_access_format_parse(struct wsgi_access_format *f, const char *format,
			     struct wsgi_error *err);
void wsgi_access_format_finish(struct wsgi_access_format *f);

#endif
