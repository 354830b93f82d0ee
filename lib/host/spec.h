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
 * Shape    with a "/" or one of the endings .py .wsgi .so it is a path, else a module.
 */
struct wsgi_spec {
	enum wsgi_spec_kind kind;
	char *target;   /* the path or the module's name; owned */
	char *callable; /* "application" when left out; owned. Dots are attributes: "make.app" */
};

/* Returns 0; -EINVAL with words for an empty part or a character that cannot stand there; -ENOMEM.
 */
int wsgi_spec_parse(struct wsgi_spec *spec, const char *text, struct wsgi_error *err);
void wsgi_spec_finish(struct wsgi_spec *spec);

#endif
