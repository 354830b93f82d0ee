/* wsgi_python_http: the gateway that needs libmicrohttpd. */
#include "python/plugin.h"
#include "python/pystay.h"

static const struct wsgi_gateway_kind *const gateways[] = {
	&wsgi_gateway_serve,
	NULL,
};

PyMODINIT_FUNC PyInit_wsgi_python_http(void);

PyMODINIT_FUNC PyInit_wsgi_python_http(void)
{
	static const struct wsgi_plugin plugin = {.gateways = gateways, .stay = wsgi_py_stay};

	return wsgi_py_plugin_module(&plugin);
}
