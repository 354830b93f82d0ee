#ifndef WSGI_HANDLER_CGI_H
#define WSGI_HANDLER_CGI_H

#include "base/decls.h"
#include "handler/simple.h"

WSGI_BEGIN_DECLS

/* BaseCGIHandler: simple, but the web server writes the HTTP status line. */
void wsgi_base_cgi_handler_init(struct wsgi_simple_handler *s, struct wsgi_input *in,
				struct wsgi_output *out, struct wsgi_errors *err,
				const struct wsgi_environ *base_env);

/* CGIHandler: base_cgi for one request in a process of its own (run_once, multiprocess). */
void wsgi_cgi_handler_init(struct wsgi_simple_handler *s, struct wsgi_input *in,
			   struct wsgi_output *out, struct wsgi_errors *err,
			   const struct wsgi_environ *base_env);

/*
 * IISCGIHandler's mending of an environ: the SCRIPT_NAME that IIS repeats at the front of PATH_INFO
 * is taken off, at a "/" boundary only. Then wsgi_cgi_handler_init() as for any CGI program.
 * Returns 0 or -ENOMEM. Source: wsgiref IISCGIHandler.__init__().
 */
int wsgi_iis_fix_path(struct wsgi_environ *env);

WSGI_END_DECLS

#endif
