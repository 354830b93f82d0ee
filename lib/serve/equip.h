#ifndef WSGI_SERVE_EQUIP_H
#define WSGI_SERVE_EQUIP_H

#include "serve/fastcgi.h"
#include "serve/options.h"

/*
 * equip - what the options give to a worker of serve/fastcgi.
 */
struct wsgi_equip {
	struct wsgi_allow allow;
	struct wsgi_access_log *access;
	struct wsgi_status status;
};

/*
 * Set in w what o says; w->board is there already, if there is one.
 *   e        zeroed; lives as long as w runs, whatever is returned
 *   access   the descriptor of the access log, borrowed; -1: there is none
 * Returns 0; -EINVAL and -ENOMEM with words.
 */
int wsgi_equip(struct wsgi_equip *e, struct wsgi_fastcgi_worker *w, const struct wsgi_options *o,
	       int access, struct wsgi_error *err);
void wsgi_equip_finish(struct wsgi_equip *e);

#endif
