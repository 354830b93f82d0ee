#ifndef WSGI_SERVE_CGI_STDIO_H
#define WSGI_SERVE_CGI_STDIO_H

#include "serve/page.h"

/*
 * cgi_stdio - the standard streams of a CGI program, as its web server gave them.
 */

/*
 * Keep standard output for the response alone: descriptor 1 becomes a copy of 2, so that what
 * print() or a child writes there stands in the log. Sets *out, the response's descriptor, which no
 * child inherits. Returns 0 or -errno.
 */
int wsgi_cgi_divert_stdout(int *out);

/*
 * Read no more of the request's body, at the end of the response. Apache's mod_cgid gives one
 * socket for both directions: were a part of the body still in it when the program ends, the server
 * would see a reset connection in place of the response's end.
 */
void wsgi_cgi_drop_stdin(void);

/* Send a page on out and drop the body, if a web server waits; GATEWAY_INTERFACE says so. */
void wsgi_cgi_send_page(enum wsgi_page page, int out);

#endif
