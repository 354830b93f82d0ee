/* wsgi_python: all gateways but the one that needs libmicrohttpd. */
#include "python/plugin.h"
#include "python/pystay.h"

static const struct wsgi_gateway_kind *const gateways[] = {
	&wsgi_gateway_cgi,
	&wsgi_gateway_iis,
	&wsgi_gateway_fcgi,
	NULL,
};

PyMODINIT_FUNC PyInit_wsgi_python(void);

PyMODINIT_FUNC PyInit_wsgi_python(void)
{
	static const struct wsgi_plugin plugin = {.gateways = gateways, .stay = wsgi_py_stay};

	return wsgi_py_plugin_module(&plugin);
}
