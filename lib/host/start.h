#ifndef WSGI_HOST_START_H
#define WSGI_HOST_START_H

#include "base/error.h"

/*
 * start - the step into an interpreter: this process becomes it.
 *
 * Shape    the interpreter runs one small program given by -c, which imports our plugin and
 *          nothing else, and calls its run(program, http_proxy, words): http_proxy is None or a
 *          str, words is the tuple of those after argv[0]. What run returns is the exit status.
 * Errors   an interpreter that is too old or no CPython, or that cannot load the plugin, says so
 *          itself, in one line on standard error, and ends with EX_UNAVAILABLE.
 */
struct wsgi_python_start {      /* all of it is borrowed */
	const char *python;     /* the interpreter's path */
	const char *plugin;     /* the extension module's name: "wsgi_python" */
	const char *plugin_dir; /* its folder */
	const char *http_proxy; /* handed over apart from the environment; NULL: there was none */
	const char *refusal;    /* for standard output if the plugin cannot run; NULL: nothing */
	char *const *argv;      /* NULL-terminated; argv[0] is the gateway's name: "wsgi-cgi" */
};

/*
 * Become the interpreter (wsgi_program_become). Returns only on failure: -ENOMEM, its -errno, with
 * words.
 */
int wsgi_python_exec(const struct wsgi_python_start *start, struct wsgi_error *err);

#endif
