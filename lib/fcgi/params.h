#ifndef WSGI_FCGI_PARAMS_H
#define WSGI_FCGI_PARAMS_H

#include <fcgiapp.h>

#include "base/buf.h"
#include "fcgi/pair.h"
#include "wsgi/environ.h"

/*
 * params - the PARAMS of one request, as they come.
 *
 * Shape    the bytes of all variables stand one after the other in one piece of memory, each as
 *          "NAME=VALUE" and a NUL; an FCGX_ParamArray and an environ point into it once all are
 *          there. Of two with one name the later one counts; but the values of a header that was
 *          repeated, "HTTP_..." twice, are joined: by "; " if it is Cookie, else by ", ".
 * Owner    whoever holds the struct; a zeroed one is empty. Memory is kept for the next request,
 *          unless there is too much of it.
 */
struct wsgi_params {
	size_t bytes;                   /* of the PARAMS stream so far */
	struct wsgi_pair_reader reader; /* private, as all below */
	struct wsgi_buf text;
	struct wsgi_param *list;
	size_t len, cap;
	char **envp;
	size_t envp_cap;
};

void wsgi_params_finish(struct wsgi_params *p);

/* Forget everything, for the next request. */
void wsgi_params_clear(struct wsgi_params *p);

/* Take some bytes of the stream. Returns 0; -EMSGSIZE when it is longer than limit; -ENOMEM. */
int wsgi_params_add(struct wsgi_params *p, struct wsgi_span in, size_t limit);

/*
 * The stream has ended: fill an empty env, which borrows from p, and *envp, which is p's.
 * Returns 0; -EPROTO when a pair was cut off; -ENOMEM.
 */
int wsgi_params_end(struct wsgi_params *p, struct wsgi_environ *env, FCGX_ParamArray *envp);

#endif
