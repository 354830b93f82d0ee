/* wsgi_python where no process can fork and none stays: on Windows, wsgi_python.pyd. */
#include "python/plugin.h"

static const struct wsgi_gateway_kind *const gateways[] = {
	&wsgi_gateway_cgi,
	&wsgi_gateway_iis,
	NULL,
};

PyMODINIT_FUNC PyInit_wsgi_python(void);

PyMODINIT_FUNC PyInit_wsgi_python(void)
{
	static const struct wsgi_plugin plugin = {.gateways = gateways};

	return wsgi_py_plugin_module(&plugin);
}
