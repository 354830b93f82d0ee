#ifndef WSGI_PYTHON_PLUGIN_H
#define WSGI_PYTHON_PLUGIN_H

#include "python/python.h"
#include "serve/gateway.h"

/*
 * plugin - an extension module of ours. The same code makes several, which differ in the gateways
 * that they can be, and so in what is linked in: plugin_*.c are theirs, one each.
 */
struct wsgi_plugin {
	/* Those that it can be, with NULL at the end. */
	const struct wsgi_gateway_kind *const *gateways;
	/*
	 * Before a gateway that stays for more than one request: what an interpreter has to know
	 * and to do for it. Required where there is one. Needs the GIL. Returns 0; -1 with an
	 * exception set.
	 */
	int (*stay)(struct wsgi_gateway_host *host, int argc, char **argv);
};

/*
 * The module of a plugin, for its PyInit_: run(program, http_proxy, args) is the main() of the
 * gateway named program, with a loader for Python applications. host/start's boot program calls it.
 * New reference, or NULL with an exception set.
 */
PyObject *wsgi_py_plugin_module(const struct wsgi_plugin *plugin);

#endif
