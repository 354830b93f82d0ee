#ifndef WSGI_SERVE_CGI_LINE_H
#define WSGI_SERVE_CGI_LINE_H

#include <stdbool.h>

#include "base/error.h"
#include "serve/options.h"

/*
 * cgi_line - what of a CGI program's command line and environment is the administrator's.
 *
 * A web server appends the words of a query string without '=' to the command line (RFC 3875,
 * 4.4), so a client can write words there; none of them may become an option or an application
 * (CVE-2012-1823).
 */
struct wsgi_cgi_view {
	int argc;
	char *const *argv;
	const char *exec_name; /* AT_EXECFN: what the kernel was asked to run; NULL: unknown */
	bool exec_is_self;     /* that is this program, not a script whose #! line names it */
	bool is_cgi;           /* GATEWAY_INTERFACE is set */
	bool is_direct;        /* SCRIPT_FILENAME is this program: no wrapper stands between */
	const char *query;     /* QUERY_STRING; NULL: none */
	int sure; /* so many words, argv[0] with them, are the administrator's whatever it is */
};

struct wsgi_cgi_line {
	int argc;           /* so many words, argv[0] with them, are the administrator's */
	const char *script; /* the script whose #! line names this program; NULL: none */
};

/* Pure: nothing but the view is looked at. */
struct wsgi_cgi_line wsgi_cgi_line(const struct wsgi_cgi_view *v);

/*
 * wsgi_options_parse() for a CGI program, by its three uses (see wsgi-cgi(1)): o->application is
 * the script, WSGI_APPLICATION's, the file beside the program or the command line's; or NULL and
 * o->root says where to look.
 */
int wsgi_cgi_options(struct wsgi_options *o, enum wsgi_gateway gateway, int argc, char *const *argv,
		     struct wsgi_error *err);

#endif
