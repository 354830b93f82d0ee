#ifndef WSGI_VALIDATE_H
#define WSGI_VALIDATE_H

#include <stddef.h>

#include "base/decls.h"
#include "wsgi/app.h"

WSGI_BEGIN_DECLS

struct wsgi_validation;

/*
 * validate - an application around an application that checks both sides of the contract: the
 * server that calls it and the application that it calls.
 *
 * Shape    nothing is changed on the way. A broken rule ends the request: -EPROTO, with words in
 *          start->failure that say which rule of PEP 3333 it is and who broke it ("the application:
 *          ..." or "the server: ..."). What is questionable only is a line on warnings, and so is
 *          what cannot end a request any more.
 * Owner    the application is borrowed for as long as the validator is used.
 * Threads  any number of requests at a time; a line is written by one call of warnings->write.
 * Source   wsgiref/validate.py; wsgi_validate(3) has the list of rules.
 */
struct wsgi_validator {
	struct wsgi_app app; /* give this to the server */
	struct wsgi_app *application;
	struct wsgi_errors *warnings;   /* borrowed; NULL: the request's wsgi.errors */
	size_t open;                    /* bodies that are not closed yet; private */
	struct wsgi_validation *closed; /* the one closed last: it may be used again; private */
};

/* validator(application). Cannot fail. */
void wsgi_validator_init(struct wsgi_validator *v, struct wsgi_app *application);

/*
 * No request is served any more. Returns how many bodies the server has never closed; if there are
 * any, warnings says so too, unless it is NULL.
 */
size_t wsgi_validator_finish(struct wsgi_validator *v);

WSGI_END_DECLS

#endif
