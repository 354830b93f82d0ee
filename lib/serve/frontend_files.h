#ifndef WSGI_SERVE_FRONTEND_FILES_H
#define WSGI_SERVE_FRONTEND_FILES_H

#include <stddef.h>

/*
 * frontend_files - the files of scripts/frontends, as they were when this was built.
 *
 * scripts/embed writes what is declared here, into the folder of the build.
 */
struct wsgi_frontend_file {
	const char *name; /* "nginx-site.conf"; NULL: there are no more */
	const unsigned char *data;
	size_t len;
};
extern const struct wsgi_frontend_file wsgi_frontend_files[];

#endif
