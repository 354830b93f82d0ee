#ifndef WSGI_HOST_SPEC_H
#define WSGI_HOST_SPEC_H

#include "base/error.h"

enum wsgi_spec_kind {
	WSGI_SPEC_DEMO,   /* demo */
	WSGI_SPEC_MODULE, /* package.module[:callable] */
	WSGI_SPEC_SCRIPT, /* path/app.py, path/app.wsgi, any other file: Python */
	WSGI_SPEC_NATIVE, /* path/app.so[:symbol] */
};

/*
 * spec - the name of an application, taken apart.
 *
 * Shape    with a "/" or one of the endings .py .so it is a path, else a module. No file is looked
 *          at, but for "mysite.wsgi" without a "/": a path when such a file is in the working
 *          directory, else the module that Django calls so. The last ":" begins the callable,
 *          unless a "/" stands after it; a file whose own name holds a ":" is named with its
 *          callable.
 * Owner    target and callable belong to the spec.
 */
struct wsgi_spec {
	enum wsgi_spec_kind kind;
	char *target;   /* the path or the module's name; owned */
	char *callable; /* "application" when left out; owned. Dots are attributes: "make.app" */
};

/*
 * Take a name apart.
 *   text   as the user wrote it
 * Returns 0; -EINVAL with words for an empty part or a character that cannot stand there; -ENOMEM.
 * On failure the spec is empty and needs no finish.
 */
int wsgi_spec_parse(struct wsgi_spec *spec, const char *text, struct wsgi_error *err);

/* Free both parts. A zeroed or already finished spec is fine. */
void wsgi_spec_finish(struct wsgi_spec *spec);

#endif
